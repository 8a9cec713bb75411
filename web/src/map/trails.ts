/** Where a track was reported in the last ten minutes, as positions on the map: across and down, by turns, the oldest first. */
import { api, taken } from '../api/client'
import { acrossOf, downOf } from './earth'

const TRAIL_MS = 10 * 60_000
const POSITIONS_MAX = 600

export async function trailOf(subject: string, until: number): Promise<Float64Array | undefined> {
  try {
    const window = { since: new Date(until - TRAIL_MS).toISOString(), until: new Date(until).toISOString() }
    const { items } = await taken(api.GET('/v1/positions', { params: { query: { subject, ...window, limit: POSITIONS_MAX } } }))
    const trail = new Float64Array(2 * items.length)
    items.forEach(({ lat, lon }, i) => trail.set([acrossOf(lon), downOf(lat)], 2 * i))
    return trail
  } catch {
    // Without a trail the track is still where it is.
    return undefined
  }
}
