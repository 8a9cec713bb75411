/** Zones as they are drawn: rings on the map, from the features of zone files (docs/spec/zones.md). For the eye only: the node decides. */
import type { Feature, LineString, MultiPolygon, Point, Polygon, Position } from 'geojson'
import { EndType, FillRule, inflatePathsD, JoinType, unionD, type PathsD } from 'clipper2-ts'
import { between, geodesicPath, METRES, onward, type LonLat } from './earth'

export type ZoneFeature = Feature<Point | LineString | Polygon | MultiPolygon, Record<string, unknown>>
export type ShapeKind = 'circle' | 'sector' | 'corridor' | 'polygon'
export type Rings = Position[][]

/** `parts`: each an outer ring and its holes; `band`: the outer edge of the watch band, [] without one. */
export interface Outline {
  parts: Rings[]
  band: Rings
  middle: LonLat
}

const ARC_STEPS = 180
// What an arc may be flatter than it is.
const SAG_SHARE = 0.0005

export function kindOf(feature: ZoneFeature): ShapeKind {
  if (feature.geometry.type === 'LineString') return 'corridor'
  if (feature.geometry.type !== 'Point') return 'polygon'
  return feature.properties['from_deg'] == null ? 'circle' : 'sector'
}

/** Metres of a length as zone files write it: "12 km", "15 NM", "3000 ft"; NaN where there is none. */
export function metresOf(length: unknown): number {
  const found = typeof length === 'string' ? /^\s*([\d.,]+(?:e[+-]?\d+)?)\s*(m|km|mi|nm|nmi|ft|yd)\s*$/i.exec(length) : null
  if (!found) return Number.NaN
  const unit = found[2]!.toLowerCase()
  const metres: Record<string, number> = { m: 1, km: METRES.km, mi: METRES.mi, nm: METRES.nmi, nmi: METRES.nmi, ft: 0.3048, yd: 0.9144 }
  return Number(found[1]!.replace(',', '.')) * (metres[unit] ?? Number.NaN)
}

export function outlineOf(feature: ZoneFeature): Outline {
  const parts = partsOf(feature)
  const bandM = metresOf(feature.properties['band'])
  return { parts, band: bandM > 0 ? widened(parts.flat(), bandM, 'area') : [], middle: middleOf(feature, parts) }
}

/** A closed ring round a position. */
export function circleRing(centre: LonLat, metres: number, from = 0, turn = 360, steps = ARC_STEPS): [number, number][] {
  const ring: [number, number][] = []
  for (let step = 0; step <= steps; step++) ring.push(onward(centre, (from + (turn * step) / steps) % 360, metres))
  return ring
}

function partsOf({ geometry, properties }: ZoneFeature): Rings[] {
  const straight = properties['edges'] === 'lonlat'
  const drawn = (ring: Position[]): [number, number][] =>
    straight ? ring.map((at): [number, number] => [at[0]!, at[1]!]) : geodesicPath(ring as unknown as LonLat[])
  switch (geometry.type) {
    case 'Point':
      return [pointRings(geometry.coordinates as unknown as LonLat, properties)]
    case 'LineString': {
      const halfM = metresOf(properties['half_width'])
      return halfM > 0 && geometry.coordinates.length > 1 ? nested(widened([drawn(geometry.coordinates)], halfM, 'line')) : []
    }
    case 'Polygon':
      return [geometry.coordinates.map(drawn)]
    case 'MultiPolygon':
      return geometry.coordinates.map((part) => part.map(drawn))
  }
}

function pointRings(centre: LonLat, properties: Record<string, unknown>): Rings {
  const [radius, inner] = [metresOf(properties['radius']), metresOf(properties['inner_radius'])]
  if (!(radius > 0)) return []
  if (properties['from_deg'] == null) return [circleRing(centre, radius)]
  const from = Number(properties['from_deg'])
  const turn = (((Number(properties['to_deg']) - from) % 360) + 360) % 360 || 360
  const hole = inner > 0
  if (turn === 360) return hole ? [circleRing(centre, radius), circleRing(centre, inner)] : [circleRing(centre, radius)]
  const outer = circleRing(centre, radius, from, turn)
  const back = hole ? circleRing(centre, inner, from, turn).reverse() : [[centre[0], centre[1]] as [number, number]]
  return [[...outer, ...back, outer[0]!]]
}

/** Everything within so many metres of rings ('area') or a line. Worked out in a plane about its middle, with true distances from there. */
function widened(lines: Position[][], metres: number, of: 'area' | 'line'): Rings {
  const first = lines[0]?.[0]
  if (!first) return []
  const middle = meanOf(lines[0]!)
  const plane: PathsD = lines.map((line) =>
    line.map((at) => {
      const { metres: apart, bearing } = between(middle, at as unknown as LonLat)
      const turn = (bearing * Math.PI) / 180
      return { x: apart * Math.sin(turn), y: apart * Math.cos(turn) }
    }),
  )
  const end = of === 'area' ? EndType.Polygon : EndType.Round
  const grown = inflatePathsD(of === 'area' ? outward(plane) : plane, metres, JoinType.Round, end, 2, 2, Math.max(0.5, metres * SAG_SHARE))
  return grown.map((ring) => {
    const back = ring.map(({ x, y }) => onward(middle, ((Math.atan2(x, y) * 180) / Math.PI + 360) % 360, Math.hypot(x, y)))
    return back.length ? [...back, back[0]!] : back
  })
}

/** The first ring counter-clockwise and its holes the other way, as growing expects. */
function outward(plane: PathsD): PathsD {
  return unionD(plane, FillRule.EvenOdd)
}

function nested(rings: Rings): Rings[] {
  // One line grows into one area: its outer ring is the longest, and what it encloses by bending round is a hole.
  const [outer, ...holes] = [...rings].sort((one, other) => spread(other) - spread(one))
  return outer ? [[outer, ...holes]] : []
}

function spread(ring: Position[]): number {
  const [lons, lats] = [ring.map((at) => at[0]!), ring.map((at) => at[1]!)]
  return (Math.max(...lons) - Math.min(...lons)) * (Math.max(...lats) - Math.min(...lats))
}

function meanOf(line: Position[]): LonLat {
  const [first] = line
  let [lon, lat] = [0, 0]
  for (const at of line) {
    lon += at[0]!
    lat += at[1]!
  }
  return first ? [lon / line.length, lat / line.length] : [0, 0]
}

function middleOf({ geometry, properties }: ZoneFeature, parts: Rings[]): LonLat {
  if (geometry.type === 'Point') {
    const centre = geometry.coordinates as unknown as LonLat
    if (properties['from_deg'] == null) return centre
    const from = Number(properties['from_deg'])
    const turn = (((Number(properties['to_deg']) - from) % 360) + 360) % 360 || 360
    const [radius, inner] = [metresOf(properties['radius']), metresOf(properties['inner_radius']) || 0]
    return radius > 0 ? onward(centre, (from + turn / 2) % 360, (radius + inner) / 2) : centre
  }
  if (geometry.type === 'LineString') return geometry.coordinates[Math.floor(geometry.coordinates.length / 2)] as unknown as LonLat
  return meanOf(parts[0]?.[0] ?? [])
}

/** West, south, east, north of an outline with its band. */
export function boundsOf(outline: Outline): [number, number, number, number] {
  const all = [...outline.parts.flat(), ...outline.band].flat()
  const [lons, lats] = [all.map((at) => at[0]!), all.map((at) => at[1]!)]
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)]
}
