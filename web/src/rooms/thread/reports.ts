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

/**
 * The reports of everybody who is open to whoever looks, at most one in `stepS` seconds of each. When each of them came is not in this
 * answer: as known then, none of them is there.
 */
export async function reportsOfAll(since: number, until: number, stepS: number): Promise<Track[]> {
  const query = { since: new Date(since).toISOString(), until: new Date(until).toISOString(), step: `${stepS}s` }
  const { tracks } = await taken(api.GET('/v1/picture/span', { params: { query } }))
  return tracks.subject.map((subject, place) => {
    const seen = Float64Array.from(tracks.seen_at[place] ?? [])
    return {
      subject, name: '', party: '', seen, known: new Float64Array(seen.length).fill(Number.POSITIVE_INFINITY),
      lat: Float64Array.from(tracks.lat[place] ?? []), lon: Float64Array.from(tracks.lon[place] ?? []),
      error: Float32Array.from(tracks.error_m[place] ?? [], (one) => one ?? Number.NaN),
    }
  })
}

/** So many seconds between two reports of a subject that a replay of this length needs no more of. */
export function stepOf(since: number, until: number): number {
  return Math.max(1, Math.min(600, Math.round((until - since) / 1000 / 500)))
}
