/** What the picture lacks: of whom nothing is heard. An empty queue is calm only where this is empty too. */
import type { LiveStatus } from '../../api/schema'

/** since: when it was heard last; null: it never was, or a link not since the node was started. */
export interface Unheard {
  kind: 'feed' | 'link'
  id: string
  since: string | null
}

export function unheardOf({ feeds, links }: Pick<LiveStatus, 'feeds' | 'links'>): Unheard[] {
  const dumb = feeds.filter((feed) => feed.heard_at === null || feed.silent_since !== null || feed.state === 'disconnected')
  const down = links.filter((link) => link.heard_at === null || link.failure !== '')
  return [
    ...dumb.map((feed): Unheard => ({ kind: 'feed', id: feed.feed, since: feed.heard_at })),
    ...down.map((link): Unheard => ({ kind: 'link', id: link.peer, since: link.heard_at })),
  ]
}
