/**
 * Distances on the ellipsoid, and where a position is on the flat map.
 *
 * Distances are geodesics of WGS84 by Karney's own code (GeographicLib), which is what the node uses: both give the same number.
 */
import geodesicLibrary from 'geographiclib-geodesic'

const wgs84 = geodesicLibrary.Geodesic.WGS84

/** Longitude and latitude in degrees, in the order of GeoJSON. */
export type LonLat = readonly [lon: number, lat: number]

export const METRES = { m: 1, km: 1000, mi: 1609.344, nmi: 1852 } as const
/** Half the width of the map is this many metres at the equator. */
const MERCATOR_LAT_MAX = 85.0511287798066
const CIRCUMFERENCE_M = 40_075_016.68557849

/** Metres between two positions, and the true bearing from the first to the second. */
export function between(from: LonLat, to: LonLat): { metres: number; bearing: number } {
  const found = wgs84.Inverse(from[1], from[0], to[1], to[0])
  return { metres: found.s12 ?? 0, bearing: ((found.azi1 ?? 0) + 360) % 360 }
}

/** Where somebody is who went so many metres by a true bearing. Longitudes go on beyond 180, so that an outline does not jump. */
export function onward([lon, lat]: LonLat, bearing: number, metres: number): [number, number] {
  const found = wgs84.Direct(lat, lon, bearing, metres)
  return [beside(found.lon2 ?? lon, lon), found.lat2 ?? lat]
}

/** The same meridian, no farther than half the way round from another. */
export function beside(lon: number, other: number): number {
  return lon - 360 * Math.round((lon - other) / 360)
}

/** Metres of a path. */
export function lengthOf(path: readonly LonLat[]): number {
  let metres = 0
  for (let i = 1; i < path.length; i++) metres += between(path[i - 1]!, path[i]!).metres
  return metres
}

/** A path as it runs on the ellipsoid, with positions so near together that a straight line on the map does for each piece. */
export function geodesicPath(path: readonly LonLat[], stepM = 20_000): [number, number][] {
  const along: [number, number][] = []
  for (let i = 1; i < path.length; i++) {
    const [from, to] = [path[i - 1]!, path[i]!]
    const { metres, bearing } = between(from, to)
    const steps = Math.max(1, Math.min(200, Math.ceil(metres / stepM)))
    for (let step = 0; step < steps; step++) along.push(onward(from, bearing, (metres * step) / steps))
  }
  const last = path[path.length - 1]
  if (last) along.push([last[0], last[1]])
  for (let i = 1; i < along.length; i++) along[i]![0] = beside(along[i]![0], along[i - 1]![0])
  return along
}

/** Across the map from 0 in the west to 1 in the east, and down from 0 in the north. */
export function acrossOf(lon: number): number {
  return lon / 360 + 0.5
}

export function downOf(lat: number): number {
  const bounded = Math.max(-MERCATOR_LAT_MAX, Math.min(MERCATOR_LAT_MAX, lat))
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (bounded * Math.PI) / 360)) / (2 * Math.PI)
}

export function lonOf(across: number): number {
  return (across - 0.5) * 360
}

export function latOf(down: number): number {
  return (360 / Math.PI) * Math.atan(Math.exp((0.5 - down) * 2 * Math.PI)) - 90
}

/** Pixels of a metre at a latitude, on a map that is so many pixels round the world. */
export function pixelsOfMetre(lat: number, worldPx: number): number {
  return worldPx / (CIRCUMFERENCE_M * Math.max(0.01, Math.cos((lat * Math.PI) / 180)))
}
