/** How each party stands to each zone, by what they said last: read from the agreements that name zones. */
import { all, api, taken } from '../api/client'
import type { Stance } from '../api/schema'
import { Kept } from '../state/kept.svelte'

/** `stance`: of its own words where it has said anything, else as others say it. */
export interface Standing {
  party: string
  level: string
  stance: Stance
  claimed: boolean
  at: number
}

/** agreed: nobody is against it; disputed: some are for it and some against, or it is drawn in two ways; unknown: nobody has said anything. */
export type Agreement = 'agreed' | 'disputed' | 'unknown'

export interface ZoneStanding {
  all: Agreement
  parties: readonly Standing[]
}

export const UNKNOWN: ZoneStanding = { all: 'unknown', parties: [] }
const AGAINST: readonly Stance[] = ['disputes', 'rejects']
const FOR: readonly Stance[] = ['agreed', 'tacitly_observes']

export const stances = new Kept(readStances, ['agreement', 'zone'])

async function readStances(): Promise<ReadonlyMap<string, ZoneStanding>> {
  const agreements = await all((after) => api.GET('/v1/agreements', { params: { query: after === undefined ? {} : { after } } }))
  const found = new Map<string, { disputed: boolean; parties: Standing[] }>()
  for (const { agreement } of agreements) {
    const { views } = await taken(api.GET('/v1/agreements/{agreement}', { params: { path: { agreement } } }))
    for (const view of views) {
      if (view.about === '') continue
      const zone = found.get(view.about) ?? { disputed: false, parties: [] }
      found.set(view.about, zone)
      zone.disputed ||= view.disputed
      for (const { party, level, own, claimed } of view.stands) {
        const words = own.length ? own : claimed
        const last = words[words.length - 1]
        if (last) zone.parties.push({ party, level, stance: last.stance, claimed: own.length === 0, at: last.at_us / 1000 })
      }
    }
  }
  return new Map([...found].map(([zone, { disputed, parties }]) => [zone, { all: together(disputed, parties), parties }]))
}

function together(disputed: boolean, parties: readonly Standing[]): Agreement {
  if (disputed || parties.some(({ stance }) => AGAINST.includes(stance))) return 'disputed'
  return parties.some(({ stance }) => FOR.includes(stance)) ? 'agreed' : 'unknown'
}
