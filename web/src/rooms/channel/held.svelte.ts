/** What this room keeps true from the node beside the lists that others show as well. Forgotten when somebody leaves the room. */
import { all, api, taken } from '../../api/client'
import type { MessageWhole, PeerView, RosterView } from '../../api/schema'
import { plainly } from '../../parts/said'
import { Kept, kept } from '../../state/kept.svelte'
import { whenLeft } from '../../state/leaving'
import { nameOf, parties, peers } from '../../state/lists.svelte'
import { live } from '../../state/live.svelte'
import { session } from '../../state/session.svelte'
import type { Fact } from './content'

const behind = (after: string | undefined): { after?: string } => (after === undefined ? {} : { after })

export const calls = new Kept(() => all((after) => api.GET('/v1/calls', { params: { query: behind(after) } })), ['call'])
export const moments = new Kept(() => all((after) => api.GET('/v1/calls/moments', { params: { query: behind(after) } })), ['call'])
export const stops = new Kept(() => all((after) => api.GET('/v1/stops', { params: { query: behind(after) } })), ['alert', 'alert_step', 'call'])
export const stopAlerts = new Kept(
  () => all((after) => api.GET('/v1/alerts', { params: { query: { key: 'stop_called', ...behind(after) } } })),
  ['alert', 'alert_step'],
)
export const measures = new Kept(() => all((after) => api.GET('/v1/measures', { params: { query: behind(after) } })), ['measure'])
export const agreements = new Kept(() => all((after) => api.GET('/v1/agreements', { params: { query: behind(after) } })), ['agreement'])

const wholes = new Map<string, Kept<MessageWhole>>()
const rosters = new Map<string, Kept<RosterView | null>>()

/** One message with everything that is held of it; read again when a line speaks of it. */
export function whole(id: string): Kept<MessageWhole> {
  let found = wholes.get(id)
  if (found === undefined) {
    found = kept(
      () => taken(api.GET('/v1/messages/{message}', { params: { path: { message: id } } })),
      (line) => line['message'] === id || line['answers'] === id || line['supersedes'] === id,
    )
    wholes.set(id, found)
  }
  return found
}

/** Who is to be reached for a party; null where nobody has said. */
export function roster(party: string): Kept<RosterView | null> {
  let found = rosters.get(party)
  if (found === undefined) {
    found = kept(async () => {
      const known = await taken(api.GET('/v1/rosters'))
      return known.items.includes(party) ? taken(api.GET('/v1/rosters/{party}', { params: { path: { party } } })) : null
    }, ['roster'])
    rosters.set(party, found)
  }
  return found
}

/** What somebody has just sent here: its receipts are looked at next, once. */
export const sentNow = { message: '' }

export function forgetAll(): void {
  for (const one of [calls, moments, stops, stopAlerts, measures, agreements, ...wholes.values(), ...rosters.values()]) one.forget()
  wholes.clear()
  rosters.clear()
}

whenLeft(forgetAll)

export { nameOf }

/** The same within a sentence of ours: what nobody sees is named, and nothing of it turns what stands around it. */
export function plainName(party: string): string {
  return plainly(nameOf(party))
}

/** The peers, each with when it was heard by the newest word of the node: the list is read again only when one of them changes. */
export function peersNow(): PeerView[] {
  const links = new Map(live.node?.links.map((link) => [link.peer, link]))
  return (peers.value ?? []).map((peer) => {
    const link = links.get(peer.party)
    return link === undefined ? peer : { ...peer, heard_at: link.heard_at ?? peer.heard_at, failure: link.failure }
  })
}

/** Other parties that are known here, however they are reached. */
export function others(): string[] {
  const known = [
    ...(parties.value ?? []).filter((one) => !one.is_house).map((one) => one.id),
    ...(peers.value ?? []).flatMap((one) => [one.party, ...one.leads_to]),
  ]
  return [...new Set(known)].filter((party) => party !== session.me.party)
}

/** What whoever is signed in is called. */
export function ownName(): string {
  const { me } = session
  return ('name' in me && typeof me.name === 'string' && me.name) || me.user
}

// --- the zone of the other side ---

const ZONES = 'keepclear.zones'

/** The zone that somebody works with for a party: as chosen here, else that of its roster, else UTC. */
export function zoneOf(party: string): string {
  return chosen()[party] ?? roster(party).value?.roster.focal_points[0]?.calendar.zone ?? 'UTC'
}

let changed = $state(0)
function chosen(): Record<string, string> {
  void changed
  try {
    return JSON.parse(localStorage.getItem(ZONES) ?? '{}') as Record<string, string>
  } catch {
    return {}
  }
}

export function chooseZone(party: string, zone: string): void {
  try {
    localStorage.setItem(ZONES, JSON.stringify({ ...chosen(), [party]: zone }))
  } catch {
    // A browser that keeps nothing asks again the next time.
  }
  changed += 1
}

/** What was entered, as facts: the node reads the places, since an item of a call holds coordinates. Throws what it says against one. */
export async function factsFrom(given: readonly { is: string; name: string; text?: string; called?: string; at?: string; zone?: string }[]): Promise<Fact[]> {
  return Promise.all(given.map(factFrom))
}

async function factFrom(given: { is: string; name: string; text?: string; called?: string; at?: string; zone?: string }): Promise<Fact> {
  const { name, text = '' } = given
  if (given.is === 'time') return { is: 'time', name, at_us: Date.parse(given.at ?? '') * 1000, zone: given.zone ?? 'UTC' }
  if (given.is === 'word') return { is: 'word', name, text }
  if (given.is === 'count') {
    const found = /^(\d+)(?:\s*-\s*(\d+)|(\+))?$/.exec(text.trim())
    const low = Number(found?.[1] ?? NaN)
    return { is: 'count', name, low, high: found?.[3] ? null : Number(found?.[2] ?? low), as_entered: text }
  }
  const read = await taken(api.GET('/v1/places', { params: { query: { q: text } } }))
  if (!read.position) throw new Error(read.no_position?.what ?? text)
  const { lat, lon, accuracy_m } = read.position
  return {
    is: 'place', name, lat_e7: Math.round(lat * 1e7), lon_e7: Math.round(lon * 1e7), accuracy_mm: Math.round(accuracy_m * 1000), as_entered: text,
    called: given.called ?? '',
  } // prettier-ignore
}

// --- places in the notation that somebody has chosen ---

const NAMES: Record<string, string> = { dms: 'degrees-minutes-seconds', dm: 'degrees-decimal-minutes', decimal: 'decimal degrees', mgrs: 'MGRS', utm: 'UTM' }
const written = new Map<string, Promise<Record<string, string>>>()

/** A point in every notation, by the node; the same point is asked for once. */
export function notationsOf(lat: number, lon: number, accuracyM: number): Promise<Record<string, string>> {
  const key = `${lat} ${lon} ${accuracyM}`
  let found = written.get(key)
  if (found === undefined) {
    if (written.size > 2_000) written.clear()
    found = taken(api.GET('/v1/places/of', { params: { query: { lat, lon, accuracy_m: Math.max(accuracyM, 0.001) } } })).then((point) => point.notations)
    found.catch(() => written.delete(key))
    written.set(key, found)
  }
  return found
}

/** What the node calls a notation of the preferences. */
export function notationName(preferred: string): string {
  return NAMES[preferred] ?? preferred
}
