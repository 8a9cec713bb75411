/** Reads the reports of a window from the node, for a replay. */
import { api, taken } from '../../api/client'
import type { Track } from './replay'

const POSITIONS_MAX = 10_000

/** The reports of one subject; none where its positions are not open to whoever looks. */
export async function reportsOf(subject: string, name: string, party: string, since: number, until: number): Promise<Track[]> {
  const query = { subject, since: new Date(since).toISOString(), until: new Date(until).toISOString(), limit: POSITIONS_MAX }
  const { items } = await taken(api.GET('/v1/positions', { params: { query } }))
  return [
    {
      subject, name, party,
      seen: Float64Array.from(items, (one) => Date.parse(one.seen_at)),
      known: Float64Array.from(items, (one) => Date.parse(one.known_at)),
      lat: Float64Array.from(items, (one) => one.lat),
      lon: Float64Array.from(items, (one) => one.lon),
      error: Float32Array.from(items, (one) => one.error_m ?? Number.NaN),
    },
  ]
}
