/** The lists of the node that more than one room shows. */
import { all, api, taken } from '../api/client'
import { Kept } from './kept.svelte'
import { whenLeft } from './leaving'

export const alerts = new Kept(
  () => all((after) => api.GET('/v1/alerts', { params: { query: { state: 'open', ...behind(after) } } })),
  ['alert', 'alert_step', 'zone', 'name'],
)
export const zones = new Kept(() => all((after) => api.GET('/v1/zones', { params: { query: behind(after) } })), ['zone'])
export const feeds = new Kept(() => all((after) => api.GET('/v1/feeds', { params: { query: behind(after) } })), ['feed'])
export const messages = new Kept(
  () => all((after) => api.GET('/v1/messages', { params: { query: behind(after) } })),
  ['message', 'statement', 'standing'],
)
export const parties = new Kept(async () => (await taken(api.GET('/v1/parties'))).items, ['peer'])
export const peers = new Kept(async () => (await taken(api.GET('/v1/peers'))).items, ['peer', 'message', 'statement', 'standing'])
export const status = new Kept(() => taken(api.GET('/v1/status')), ['feed', 'peer'])

/** What needs a person now, in the node's order. Hours pass on it too: whoever shows it reads it again now and then. */
export const desk = new Kept(
  () => taken(api.GET('/v1/desk', { params: { query: { limit: 1000 } } })),
  ['agreement', 'alert', 'alert_step', 'call', 'feed', 'message', 'name', 'peer', 'roster', 'standing', 'statement', 'zone'],
  700,
)

whenLeft(() => {
  for (const list of [alerts, zones, feeds, messages, parties, peers, status, desk]) list.forget()
})

/** What a party is called: by the node's list of parties, else by its card, else its id. */
export function nameOf(party: string): string {
  return parties.value?.find((one) => one.id === party)?.name || peers.value?.find((one) => one.party === party)?.name || party
}

function behind(after: string | undefined): { after?: string } {
  return after === undefined ? {} : { after }
}
