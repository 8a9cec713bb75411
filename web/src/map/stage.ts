/** What the tools do with the map: go somewhere, ask for clicks, draw a sketch with handles that can be dragged. */
import type { Feature, FeatureCollection } from 'geojson'
import type { GeoJSONSource, Map as MapLibre, MapMouseEvent, MapTouchEvent } from 'maplibre-gl'
import type { LonLat } from './earth'
import type { Palette } from './palette'

/** `handle`: properties of a point that can be dragged are { handle: number }. */
export type Sketch = Feature[]
type Takes = (at: LonLat) => void

const HANDLE_TOUCH_PX = 14

export class Stage {
  #clicks: Takes | undefined
  #drags: ((handle: number, at: LonLat) => void) | undefined
  #dragging = -1

  constructor(
    readonly map: MapLibre,
    palette: Palette,
  ) {
    map.addSource('sketch', { type: 'geojson', data: collection([]), tolerance: 0 })
    map.addLayer({ id: 'sketch-areas', type: 'fill', source: 'sketch', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': palette.soon, 'fill-opacity': 0.15 } })
    map.addLayer({
      id: 'sketch-lines', type: 'line', source: 'sketch', filter: ['!=', ['geometry-type'], 'Point'],
      layout: { 'line-join': 'round', 'line-cap': 'round' }, paint: { 'line-color': palette.soon, 'line-width': 2.5 },
    }) // prettier-ignore
    map.addLayer({
      id: 'sketch-points', type: 'circle', source: 'sketch', filter: ['==', ['geometry-type'], 'Point'],
      paint: {
        'circle-radius': ['case', ['has', 'handle'], 8, 5], 'circle-color': ['case', ['has', 'handle'], palette.surface, palette.soon],
        'circle-stroke-color': palette.soon, 'circle-stroke-width': 3,
      },
    }) // prettier-ignore
    map.on('mousedown', (event) => this.#grab(event))
    map.on('touchstart', (event) => event.points.length === 1 && this.#grab(event))
    for (const kind of ['mousemove', 'touchmove'] as const) map.on(kind, (event) => this.#dragging >= 0 && this.#drags?.(this.#dragging, at(event)))
    for (const kind of ['mouseup', 'touchend', 'touchcancel'] as const) map.on(kind, () => this.#release())
  }

  recolour(palette: Palette): void {
    this.map.setPaintProperty('sketch-areas', 'fill-color', palette.soon)
    this.map.setPaintProperty('sketch-lines', 'line-color', palette.soon)
    this.map.setPaintProperty('sketch-points', 'circle-stroke-color', palette.soon)
    this.map.setPaintProperty('sketch-points', 'circle-color', ['case', ['has', 'handle'], palette.surface, palette.soon])
  }

  /** The middle of what is shown. */
  get middle(): LonLat {
    const { lng, lat } = this.map.getCenter()
    return [lng, lat]
  }

  /** Shows a place, in the middle of what `over` leaves free of the map. */
  goTo(at: LonLat, zoom = Math.max(this.map.getZoom(), 9), over?: DOMRect): void {
    const offset = over === undefined ? ([0, 0] as [number, number]) : middleBeside(this.map.getContainer().getBoundingClientRect(), over)
    this.map.easeTo({ center: [at[0], at[1]], zoom, offset })
  }

  fit([west, south, east, north]: readonly [number, number, number, number], maxZoom = 12): void {
    this.map.fitBounds([[west, south], [east, north]], { padding: 70, maxZoom }) // prettier-ignore
  }

  /** Whose clicks these are from now on: a tool's, or nobody's. */
  takeClicks(does: Takes | undefined): void {
    this.#clicks = does
    this.map.getCanvas().classList.toggle('aiming', does !== undefined)
  }

  get takesClicks(): boolean {
    return this.#clicks !== undefined
  }

  clicked(at: LonLat): void {
    this.#clicks?.(at)
  }

  sketch(features: Sketch, drags?: (handle: number, at: LonLat) => void): void {
    this.#drags = drags
    void this.map.getSource<GeoJSONSource>('sketch')?.setData(collection(features))
  }

  #grab(event: MapMouseEvent | MapTouchEvent): void {
    if (!this.#drags) return
    const { x, y } = event.point
    const around: [[number, number], [number, number]] = [[x - HANDLE_TOUCH_PX, y - HANDLE_TOUCH_PX], [x + HANDLE_TOUCH_PX, y + HANDLE_TOUCH_PX]] // prettier-ignore
    const found = this.map.queryRenderedFeatures(around, { layers: ['sketch-points'] }).find(({ properties }) => 'handle' in properties)
    if (!found) return
    event.preventDefault()
    this.map.dragPan.disable()
    this.#dragging = Number(found.properties['handle'])
  }

  #release(): void {
    if (this.#dragging < 0) return
    this.#dragging = -1
    this.map.dragPan.enable()
  }
}

function at(event: MapMouseEvent | MapTouchEvent): LonLat {
  return [event.lngLat.lng, event.lngLat.lat]
}

function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features }
}

export function pointFeature(at: LonLat, handle?: number): Feature {
  return { type: 'Feature', properties: handle === undefined ? {} : { handle }, geometry: { type: 'Point', coordinates: [at[0], at[1]] } }
}

export function lineFeature(path: readonly LonLat[]): Feature {
  return { type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: path.map(([lon, lat]) => [lon, lat]) } }
}

export function areaFeature(rings: readonly (readonly LonLat[])[]): Feature {
  return { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: rings.map((ring) => ring.map(([lon, lat]) => [lon, lat])) } }
}

type Box = Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>

/** How far the middle of the largest part of a map that something over it leaves free is from the middle of the map: right and down, px. */
export function middleBeside(map: Box, over: Box): [number, number] {
  const [width, height] = [map.right - map.left, map.bottom - map.top]
  const left = Math.max(0, over.left - map.left)
  const right = Math.max(0, map.right - over.right)
  const below = Math.max(0, map.bottom - over.bottom)
  if (Math.max(left, right) * height >= below * width) return [left > right ? (left - width) / 2 : (width - right) / 2, 0]
  return [0, (height - below) / 2]
}
