import { expect, it } from 'vitest'
import type { FeedHeard, LinkHeard } from '../../api/schema'
import { unheardOf } from './unheard'

const AT = '2026-11-29T06:00:00Z'
const feed = (id: string, more: Partial<FeedHeard> = {}): FeedHeard => ({ feed: id, heard_at: AT, silent_since: null, state: '', ...more })
const link = (peer: string, more: Partial<LinkHeard> = {}): LinkHeard => ({ peer, heard_at: AT, failure: '', ...more })

it('is nothing where every feed and every link is heard', () => {
  expect(unheardOf({ feeds: [feed('patrols', { state: 'connected' })], links: [link('bravo')] })).toEqual([])
})

it('is a feed that was never heard, that is silent, or that is disconnected, with when it was heard last', () => {
  const feeds = [feed('a', { heard_at: null }), feed('b', { silent_since: AT }), feed('c', { state: 'disconnected' }), feed('d')]
  expect(unheardOf({ feeds, links: [] }).map(({ id, since }) => [id, since])).toEqual([['a', null], ['b', AT], ['c', AT]]) // prettier-ignore
})

it('is a link that has never answered, or that was not reached when it was last tried', () => {
  const links = [link('bravo', { heard_at: null }), link('meridian', { failure: 'it is too slow' }), link('delta')]
  expect(unheardOf({ feeds: [], links }).map(({ kind, id }) => `${kind} ${id}`)).toEqual(['link bravo', 'link meridian'])
})
