/** Zones on the map: their areas, bands and edges as layers of MapLibre, the edge by how the parties stand. */
import type { FeatureCollection } from 'geojson'
import type { GeoJSONSource, Map as MapLibre, MapGeoJSONFeature, PointLike } from 'maplibre-gl'
import type { ZoneView } from '../api/schema'
import { acrossOf, downOf } from './earth'
import { outlineOf, type Outline, type ZoneFeature } from './outlines'
import type { Palette } from './palette'
import { UNKNOWN, type Agreement, type ZoneStanding } from './stances.svelte'

export interface DrawnZone {
  id: string
  name: string
  feature: ZoneFeature
  outline: Outline
  across: number
  down: number
}

const EDGES: Record<Agreement, { px: number; dashes?: number[] }> = { agreed: { px: 3 }, disputed: { px: 3, dashes: [3, 1.6] }, unknown: { px: 1.4 } }
const outlines = new WeakMap<object, Outline>()

export function drawnZones(zones: readonly ZoneView[]): DrawnZone[] {
  return zones.map(({ id, name, feature }) => {
    const written = feature as unknown as ZoneFeature
    let outline = outlines.get(feature)
    if (outline === undefined) {
      outline = outlineOf(written)
      outlines.set(feature, outline)
    }
    return { id, name, feature: written, outline, across: acrossOf(outline.middle[0]), down: downOf(outline.middle[1]) }
  })
}

export function addZoneLayers(map: MapLibre, palette: Palette): void {
  const nothing = { type: 'geojson' as const, data: { type: 'FeatureCollection' as const, features: [] }, tolerance: 0.1 }
  map.addSource('zones', nothing)
  map.addSource('bands', nothing)
  map.addLayer({ id: 'bands', type: 'line', source: 'bands', paint: { 'line-color': palette.accent, 'line-width': 1.2, 'line-dasharray': [1, 3] } })
  map.addLayer({ id: 'band-areas', type: 'fill', source: 'bands', paint: { 'fill-color': palette.accent, 'fill-opacity': 0.05, 'fill-antialias': false } })
  map.addLayer({
    id: 'zones', type: 'fill', source: 'zones',
    paint: { 'fill-color': palette.accent, 'fill-opacity': ['case', ['get', 'selected'], 0.2, 0.1], 'fill-antialias': false },
  }) // prettier-ignore
  for (const [standing, { px, dashes }] of Object.entries(EDGES)) {
    map.addLayer({
      id: `zones-${standing}`, type: 'line', source: 'zones', filter: ['==', ['get', 'standing'], standing],
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': standing === 'disputed' ? palette.doubt : palette.accent,
        'line-width': ['case', ['get', 'selected'], px + 1.5, px], ...(dashes ? { 'line-dasharray': dashes } : {}),
      },
    }) // prettier-ignore
  }
}

export function recolourZones(map: MapLibre, palette: Palette): void {
  for (const layer of ['zones', 'band-areas']) map.setPaintProperty(layer, 'fill-color', palette.accent)
  for (const layer of ['bands', 'zones-agreed', 'zones-unknown']) map.setPaintProperty(layer, 'line-color', palette.accent)
  map.setPaintProperty('zones-disputed', 'line-color', palette.doubt)
}

export function showZones(map: MapLibre, zones: readonly DrawnZone[], standings: ReadonlyMap<string, ZoneStanding>, selected: string | undefined): void {
  const areas: FeatureCollection = {
    type: 'FeatureCollection',
    features: zones.map(({ id, outline }) => ({
      type: 'Feature',
      properties: { zone: id, standing: (standings.get(id) ?? UNKNOWN).all, selected: id === selected },
      geometry: { type: 'MultiPolygon', coordinates: outline.parts },
    })),
  }
  const bands: FeatureCollection = {
    type: 'FeatureCollection',
    features: zones
      .filter(({ outline }) => outline.band.length > 0)
      .map(({ id, outline }) => ({ type: 'Feature', properties: { zone: id }, geometry: { type: 'Polygon', coordinates: outline.band } })),
  }
  void map.getSource<GeoJSONSource>('zones')?.setData(areas)
  void map.getSource<GeoJSONSource>('bands')?.setData(bands)
}

export function setZonesShown(map: MapLibre, shown: boolean): void {
  for (const layer of ['bands', 'band-areas', 'zones', ...Object.keys(EDGES).map((standing) => `zones-${standing}`)]) {
    map.setLayoutProperty(layer, 'visibility', shown ? 'visible' : 'none')
  }
}

/** Ids of the zones at a point of the screen, each once; those in whose band alone it is, too. */
export function zonesAt(map: MapLibre, point: PointLike): string[] {
  const found: MapGeoJSONFeature[] = map.queryRenderedFeatures(point, { layers: ['zones', 'band-areas'] })
  return [...new Set(found.map(({ properties }) => String(properties['zone'])))]
}
