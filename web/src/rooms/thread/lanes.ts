/** The lanes of the time axis: each kind of thing in one, in the order in which an encounter unfolds. */
import type { ThreadItem } from '../../api/schema'
import type { IconName } from '../../parts/icons'

export interface Lane {
  name: 'position' | 'alert' | 'message' | 'call' | 'measure'
  kinds: readonly string[]
  icon: IconName
}

export const LANES: readonly Lane[] = [
  { name: 'position', kinds: ['presence', 'correction'], icon: 'map' },
  { name: 'alert', kinds: ['alert', 'alert_step'], icon: 'soon' },
  { name: 'message', kinds: ['message', 'statement', 'standing'], icon: 'channel' },
  { name: 'call', kinds: ['call', 'stop'], icon: 'call' },
  { name: 'measure', kinds: ['measure', 'reaction'], icon: 'record' },
]

/** The lane of an item; what no lane knows of stands with the calls. */
export function laneOf(item: ThreadItem): Lane {
  return LANES.find((lane) => lane.kinds.includes(item.kind)) ?? (LANES[3] as Lane)
}

/** The items with which an alert or a message begins: all others of these lanes are said or done about one of them. */
export function beginnings(items: readonly ThreadItem[]): Record<'alerts' | 'messages', ReadonlySet<string>> {
  return { alerts: firstOfEach(items, 'alert'), messages: firstOfEach(items, 'message') }
}

function firstOfEach(items: readonly ThreadItem[], kind: 'alert' | 'message'): Set<string> {
  const first = new Map<string, string>()
  for (const { id, kind: own, ids } of items) if (own === kind && !first.has(ids[kind] ?? id)) first.set(ids[kind] ?? id, id)
  return new Set(first.values())
}

/** The items as far as they were known at an instant, by when this node learned of them; or as far as they had happened. */
export function upTo(items: readonly ThreadItem[], at: number, asKnown: boolean): ThreadItem[] {
  return items.filter((item) => Date.parse(asKnown ? item.known_at : item.at) <= at)
}
