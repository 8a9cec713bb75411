/** A zone while it is being drawn: the same numbers as texts in fields and as handles on the map. */
import type { Feature, Position } from 'geojson'
import type { ZoneView } from '../../api/schema'
import { between, onward, type LonLat } from '../earth'
import { kindOf, metresOf, outlineOf, type ShapeKind, type ZoneFeature } from '../outlines'
import { areaFeature, lineFeature, pointFeature } from '../stage'

export const KINDS: readonly ShapeKind[] = ['circle', 'polygon', 'corridor', 'sector']
type LengthName = 'radius' | 'inner_radius' | 'half_width' | 'band'
type TextName = LengthName | 'from_deg' | 'to_deg'

const LENGTHS: Record<ShapeKind, readonly LengthName[]> = {
  circle: ['radius', 'band'], polygon: ['band'], corridor: ['half_width', 'band'], sector: ['radius', 'inner_radius', 'band'],
} // prettier-ignore
const LEAST: Record<ShapeKind, number> = { circle: 1, polygon: 3, corridor: 2, sector: 1 }
// What the fields of the form hold; all else a feature says stays as it is.
const OURS: readonly string[] = ['name', 'radius', 'inner_radius', 'half_width', 'band', 'from_deg', 'to_deg', 'may_enter']
/** Handles from here on set a length or a bearing; those below move a position. */
const RADIUS_HANDLE = 10_000
const FROM_HANDLE = 10_001
const TO_HANDLE = 10_002
const DECIMALS = 5

export interface Point {
  text: string
  at: LonLat | null
  fault: string
}

export interface Difference {
  name: string
  before: string
  after: string
}

export class Draft {
  id = $state('')
  name = $state('')
  kind = $state<ShapeKind>('circle')
  points = $state<Point[]>([])
  texts = $state<Record<TextName, string>>({ radius: '10 km', inner_radius: '', half_width: '1 km', band: '', from_deg: '0', to_deg: '90' })
  mayEnter = $state('')
  readonly #kept: Record<string, unknown> = {}
  readonly #entering: unknown
  readonly #enteringText: string = ''
  /** Rings beyond the first, which this form does not draw: they stay as they are. */
  readonly #others: Position[][] | undefined

  constructor(zone: ZoneView | null) {
    if (zone === null) return
    const { geometry, properties } = zone.feature as unknown as ZoneFeature
    this.id = zone.id
    this.name = zone.name
    this.kind = kindOf(zone.feature as unknown as ZoneFeature)
    for (const name of Object.keys(this.texts) as TextName[]) this.texts[name] = properties[name] == null ? '' : String(properties[name])
    for (const [name, value] of Object.entries(properties)) if (!OURS.includes(name)) this.#kept[name] = value
    this.#entering = properties['may_enter']
    this.mayEnter = this.#enteringText = enteringText(properties['may_enter'])
    const positions: Position[] = geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'LineString' ? geometry.coordinates : geometry.type === 'Polygon' ? (geometry.coordinates[0] ?? []).slice(0, -1) : []
    if (geometry.type === 'Polygon') this.#others = geometry.coordinates.slice(1)
    this.points = positions.map((at) => pointOf(at as unknown as LonLat))
  }

  get lengths(): readonly LengthName[] {
    return LENGTHS[this.kind]
  }

  get least(): number {
    return LEAST[this.kind]
  }

  get takesMore(): boolean {
    return this.kind === 'polygon' || this.kind === 'corridor' || this.points.length === 0
  }

  /** Whether there is enough of it to ask the node. */
  get isWhole(): boolean {
    return this.id.trim() !== '' && this.#places.length >= this.least && this.points.every(({ at }) => at !== null)
  }

  get #places(): LonLat[] {
    const most = this.kind === 'circle' || this.kind === 'sector' ? 1 : Infinity
    return this.points.flatMap(({ at }) => (at ? [at] : [])).slice(0, most)
  }

  add(at: LonLat): void {
    if (this.kind === 'circle' || this.kind === 'sector') this.points = [pointOf(at)]
    else {
      const empty = this.points.findIndex((point) => point.at === null && point.text === '')
      if (empty >= 0) this.move(empty, at)
      else this.points.push(pointOf(at))
    }
  }

  addEmpty(): void {
    this.points.push({ text: '', at: null, fault: '' })
  }

  remove(index: number): void {
    this.points.splice(index, 1)
  }

  move(index: number, at: LonLat): void {
    this.points[index] = pointOf(at)
  }

  refuse(index: number, why: string): void {
    const point = this.points[index]
    if (point) this.points[index] = { ...point, at: null, fault: why }
  }

  drag(handle: number, at: LonLat): void {
    if (handle < RADIUS_HANDLE) return this.move(handle, at)
    const centre = this.#places[0]
    if (!centre) return
    const { metres, bearing } = between(centre, at)
    if (handle === RADIUS_HANDLE) this.texts.radius = inUnitOf(metres, this.texts.radius)
    else this.texts[handle === FROM_HANDLE ? 'from_deg' : 'to_deg'] = String(Math.round(bearing) % 360)
  }

  /** The zone as a feature of a zone file. What this form does not show goes on as it was. */
  feature(): ZoneFeature {
    const properties: Record<string, unknown> = { ...this.#kept }
    if (this.name.trim() !== '' && this.name.trim() !== this.id.trim()) properties['name'] = this.name.trim()
    for (const name of this.lengths) if (this.texts[name].trim() !== '') properties[name] = this.texts[name].trim()
    if (this.kind === 'sector') for (const name of ['from_deg', 'to_deg'] as const) properties[name] = numberOr(this.texts[name])
    const entering = this.mayEnter === this.#enteringText ? this.#entering : partiesOf(this.mayEnter)
    if (entering !== undefined && (entering as unknown[]).length > 0) properties['may_enter'] = entering
    return { type: 'Feature', id: this.id.trim(), geometry: this.#geometry(), properties }
  }

  #geometry(): ZoneFeature['geometry'] {
    const places = this.#places.map(([lon, lat]) => [lon, lat])
    if (this.kind === 'corridor') return { type: 'LineString', coordinates: places }
    if (this.kind === 'polygon') return { type: 'Polygon', coordinates: [places.length ? [...places, places[0]!] : [], ...(this.#others ?? [])] }
    return { type: 'Point', coordinates: places[0] ?? [] }
  }

  /** The drawing of what has been given so far, with its handles. */
  sketch(): Feature[] {
    const places = this.#places
    const handles = this.points.flatMap(({ at }, i) => (at ? [pointFeature(at, i)] : []))
    if (places.length < this.least) return places.length > 1 ? [lineFeature(places), ...handles] : handles
    const { parts, band } = outlineOf(this.feature())
    const areas = parts.map((rings) => areaFeature(rings as unknown as LonLat[][]))
    const edges = band.map((ring) => lineFeature(ring as unknown as LonLat[]))
    return [...areas, ...edges, ...handles, ...this.#turners(places[0]!)]
  }

  #turners(centre: LonLat): Feature[] {
    const radius = metresOf(this.texts.radius)
    if (!(radius > 0) || (this.kind !== 'circle' && this.kind !== 'sector')) return []
    if (this.kind === 'circle') return [pointFeature(onward(centre, 90, radius), RADIUS_HANDLE)]
    const [from, to] = [Number(this.texts.from_deg), Number(this.texts.to_deg)]
    if (!Number.isFinite(from) || !Number.isFinite(to)) return []
    const turn = (((to - from) % 360) + 360) % 360 || 360
    const along = (bearing: number): LonLat => onward(centre, ((bearing % 360) + 360) % 360, radius)
    return [pointFeature(along(from + turn / 2), RADIUS_HANDLE), pointFeature(along(from), FROM_HANDLE), pointFeature(along(to), TO_HANDLE)]
  }
}

/** The key of what is wrong with a length; '' nothing. The node judges; this says it before anything is asked. */
export function lengthFault(text: string, required: boolean): string {
  const written = text.trim()
  if (written === '') return required ? 'map.edit.length.missing' : ''
  if (/^[\d.,]+\s*(miles?|mls?)$/i.test(written)) return 'map.edit.length.mile'
  if (/^[\d.,]+$/.test(written)) return 'map.edit.length.bare'
  return Number.isNaN(metresOf(written)) ? 'map.edit.length.unread' : ''
}

/** What differs between the version in force and a draft, by the names of zone files. */
export function differences(zone: ZoneView | null, draft: ZoneFeature): Difference[] {
  const before = zone ? (zone.feature as unknown as ZoneFeature) : null
  const names = new Set([...Object.keys(before?.properties ?? {}), ...Object.keys(draft.properties)])
  const found: Difference[] = []
  const [was, is] = [before ? positionsText(before) : '', positionsText(draft)]
  if (was !== is) found.push({ name: 'positions', before: was, after: is })
  for (const name of [...names].sort()) {
    if (name === 'description') continue
    const old = name === 'name' && zone ? zone.name : shownValue(name, before?.properties[name])
    const next = name === 'name' ? String(draft.properties['name'] ?? draft.id) : shownValue(name, draft.properties[name])
    if (old !== next) found.push({ name, before: old, after: next })
  }
  return found
}

function positionsText({ geometry }: ZoneFeature): string {
  const all: Position[] = geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'LineString' ? geometry.coordinates : geometry.type === 'Polygon' ? geometry.coordinates.flat() : geometry.coordinates.flat(2)
  return all.map((at) => decimal(at as unknown as LonLat)).join('\n')
}

function shownValue(name: string, value: unknown): string {
  if (value == null) return ''
  if (name === 'may_enter') return enteringText(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function enteringText(value: unknown): string {
  if (!Array.isArray(value)) return ''
  return value.map((one: unknown) => (typeof one === 'string' ? one : JSON.stringify(one))).join(', ')
}

function partiesOf(text: string): string[] {
  return text.split(/[,;،\n]/).map((party) => party.trim()).filter((party) => party !== '') // prettier-ignore
}

function pointOf(at: LonLat): Point {
  const rounded: LonLat = [Number(at[0].toFixed(DECIMALS + 2)), Number(at[1].toFixed(DECIMALS + 2))]
  return { text: decimal(rounded), at: rounded, fault: '' }
}

function decimal([lon, lat]: LonLat): string {
  return `${Math.abs(lat).toFixed(DECIMALS)}${lat < 0 ? 'S' : 'N'} ${Math.abs(lon).toFixed(DECIMALS)}${lon < 0 ? 'W' : 'E'}`
}

/** Metres in the unit that a text already has, with as many digits as a hand can set. */
function inUnitOf(metres: number, text: string): string {
  const unit = /(m|km|mi|nm|nmi|ft|yd)\s*$/i.exec(text)?.[1] ?? 'km'
  const one = metresOf(`1 ${unit}`)
  return `${Number((metres / one).toPrecision(4))} ${unit}`
}

function numberOr(text: string): number | string {
  const number = Number(text.trim())
  return text.trim() !== '' && Number.isFinite(number) ? number : text
}
