/** What lies below everything else: sea, land, borders, lines of latitude and longitude; and the names of countries. */
import type { FeatureCollection, Point } from 'geojson'
import type { GeoJSONSource, Map as MapLibre, StyleSpecification } from 'maplibre-gl'
import { onResumed } from '../state/live.svelte'
import type { Palette } from './palette'

/** From here on, the finer shapes are worth their 3 MB. */
export const FINE_ZOOM = 6
const GRID_STEPS: readonly [zoom: number, degrees: number][] = [[0, 30], [3, 10], [5, 5], [7, 1]] // prettier-ignore

export interface CountryName {
  region: string
  name: string
  area: number
  lon: number
  lat: number
}

/** Address of one file of the basemap. MapLibre's worker reads it: this page is not held up by what takes seconds to read. */
function fileAt(name: string): string {
  return new URL(`/v1/basemap/${name}`, location.href).href
}

export function styleOf(palette: Palette): StyleSpecification {
  const nothing = { type: 'geojson' as const, data: { type: 'FeatureCollection' as const, features: [] } }
  const width = (thin: number, thick: number) => ['interpolate', ['linear'], ['zoom'], 2, thin, 10, thick] as unknown as number
  return {
    version: 8,
    sources: {
      land: { ...nothing, tolerance: 0.2, attribution: '' },
      borders: { ...nothing, tolerance: 0.2 },
      grid: { ...nothing },
    },
    layers: [
      // Not before the land is there: a place in the desert is not to look like the sea, not for a second.
      { id: 'sea', type: 'background', layout: { visibility: 'none' }, paint: { 'background-color': palette.sea } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': palette.land, 'fill-antialias': false } },
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': palette.grid, 'line-width': 0.6 } },
      { id: 'coast', type: 'line', source: 'land', paint: { 'line-color': palette.coast, 'line-width': width(0.6, 1.4) } },
      {
        id: 'borders', type: 'line', source: 'borders',
        paint: { 'line-color': palette.border, 'line-width': width(0.7, 1.6), 'line-dasharray': [4, 2, 1, 2] },
      },
    ],
  } // prettier-ignore
}

export function recolour(map: MapLibre, palette: Palette): void {
  map.setPaintProperty('sea', 'background-color', palette.sea)
  map.setPaintProperty('land', 'fill-color', palette.land)
  map.setPaintProperty('grid', 'line-color', palette.grid)
  map.setPaintProperty('coast', 'line-color', palette.coast)
  map.setPaintProperty('borders', 'line-color', palette.border)
}

const BROUGHT = ['land', 'borders']

/** Whether an error of the map is a file of the basemap that did not come. */
export function isOfBasemap(event: object): event is { sourceId: string } {
  return 'sourceId' in event && BROUGHT.includes(String(event.sourceId))
}

/** Fills the sources, coarsely at once, finely once somebody looks closely, and again behind a break in which they did not come; gives what ends that. */
export function bringBasemap(map: MapLibre): () => void {
  let fineness: '' | '50m' | '10m' = ''
  const missing = new Set<string>()
  let breaks = 0
  let asked = 0
  const bring = (wanted: '50m' | '10m'): void => {
    if (fineness === wanted || fineness === '10m') return
    fineness = wanted
    asked = breaks
    for (const name of BROUGHT) put(map, name, fileAt(`${name}-${wanted}`))
  }
  const again = (): void => {
    if (missing.size === 0 || fineness === '') return
    const wanted = fineness
    fineness = ''
    bring(wanted)
    void map.once('idle').then(() => map.setLayoutProperty('sea', 'visibility', missing.has('land') ? 'none' : 'visible'))
  }
  map.on('sourcedata', ({ sourceId, sourceDataType }) => sourceDataType === 'content' && missing.delete(sourceId))
  map.on('error', (event) => {
    if (!isOfBasemap(event)) return
    missing.add(event.sourceId)
    // It was asked for within a break, and says so behind it.
    if (asked < breaks) again()
  })
  const end = onResumed(() => {
    breaks += 1
    again()
  })
  const looked = (): void => {
    if (map.getZoom() >= FINE_ZOOM) bring('10m')
  }
  let step = 0
  const ruled = (): void => {
    const wanted = GRID_STEPS.reduce((best, [zoom, degrees]) => (map.getZoom() >= zoom ? degrees : best), 30)
    if (wanted === step) return
    step = wanted
    put(map, 'grid', graticule(step))
  }
  map.on('zoomend', ruled)
  ruled()
  bring('50m')
  void map.once('idle').then(() => {
    if (!missing.has('land')) map.setLayoutProperty('sea', 'visibility', 'visible')
    looked()
    map.on('zoomend', looked)
  })
  return end
}

function put(map: MapLibre, source: string, data: FeatureCollection | string): void {
  void map.getSource<GeoJSONSource>(source)?.setData(data)
}

export function graticule(step: number): FeatureCollection {
  const lines: [number, number][][] = []
  for (let lon = -180; lon <= 180; lon += step) lines.push([[lon, -85], [lon, 85]]) // prettier-ignore
  for (let lat = -90 + step; lat < 90; lat += step) lines.push([[-180, lat], [180, lat]]) // prettier-ignore
  return { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry: { type: 'MultiLineString', coordinates: lines } }] }
}

/** Names of countries in a language, the largest first, each with the point where it is written. */
export async function countryNames(language: string): Promise<CountryName[]> {
  const inLanguage = new Intl.DisplayNames([language], { type: 'region' })
  const answer = await fetch(fileAt('countries'))
  if (!answer.ok) throw new Error(`names of countries: ${answer.status}`)
  const { features } = (await answer.json()) as FeatureCollection<Point>
  return features.map(({ geometry, properties }) => {
    const region = String(properties?.['region'] ?? '')
    const [lon = 0, lat = 0] = geometry.coordinates
    const name = region ? (inLanguage.of(region) ?? '') : String(properties?.['name'] ?? '')
    return { region, name, area: Number(properties?.['area'] ?? 0), lon, lat }
  })
}
