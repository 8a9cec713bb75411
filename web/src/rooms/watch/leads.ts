/** Where an item of the desk leads, and what is to be done there. */
import type { DeskItem } from '../../api/schema'
import type { IconName } from '../../parts/icons'
import { at } from '../../state/route.svelte'

export interface Lead {
  word: 'thread' | 'message' | 'feed' | 'links' | 'calls' | 'stop' | 'roster' | 'machine'
  icon: IconName
  address: string
}

export function leadsOf(item: DeskItem): Lead[] {
  const { kind, id } = item.points_to
  const alert = item.alerts.at(-1)
  const found: Lead[] = []
  if (kind === 'message') found.push({ word: 'message', icon: 'channel', address: at('channel', 'message', id) })
  if (kind === 'feed') found.push({ word: 'feed', icon: 'feed', address: at('settings', 'feeds', id) })
  if (kind === 'peer') found.push({ word: 'links', icon: 'link', address: at('settings', 'links') })
  if (kind === 'call') found.push({ word: 'calls', icon: 'call', address: at('channel', 'calls') })
  if (kind === 'stop') found.push({ word: 'stop', icon: 'stop', address: at('channel', 'stop') })
  if (kind === 'roster') found.push({ word: 'roster', icon: 'person', address: at('settings', 'rosters', id) })
  if (kind === 'machine') found.push({ word: 'machine', icon: 'settings', address: at('settings', 'node') })
  const thread = kind === 'message' ? id : item.subject && item.zone ? alert : undefined
  if (thread !== undefined) found.push({ word: 'thread', icon: 'thread', address: at('thread', thread) })
  return found
}

/** The alert that a warning can be written from: of somebody at a zone. */
export function warnsOf(item: DeskItem): string | undefined {
  return item.zone ? item.alerts.at(-1) : undefined
}
