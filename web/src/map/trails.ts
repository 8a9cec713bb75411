/** Where tracks were reported in the last ten minutes, as positions on the map: across and down, by turns, the oldest first. */
import { api, taken } from '../api/client'
import { acrossOf, downOf } from './earth'

export type Trails = ReadonlyMap<string, Float64Array>

export const TRAIL_MS = 10 * 60_000
/** With more tracks than this, only the one that is looked at has a trail: the others would be a carpet. */
export const TRAILS_MAX = 500

/** The trails of all tracks, or of one. None where they are not to be had: the tracks are still where they are. */
export async function trailsOf(until: number, subject?: string): Promise<Trails> {
  const window = { since: new Date(until - TRAIL_MS).toISOString(), until: new Date(until).toISOString(), step: '10s' }
  try {
    const { tracks } = await taken(api.GET('/v1/picture/span', { params: { query: { ...window, ...(subject === undefined ? {} : { subject }) } } }))
    return new Map(tracks.subject.map((name, i) => [name, placed(tracks.lat[i]!, tracks.lon[i]!)]))
  } catch {
    return new Map()
  }
}

function placed(lat: readonly number[], lon: readonly number[]): Float64Array {
  const trail = new Float64Array(2 * lat.length)
  lat.forEach((one, i) => trail.set([acrossOf(lon[i]!), downOf(one)], 2 * i))
  return trail
}
