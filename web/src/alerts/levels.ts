/** How loud something on the desk is. What blinds the watch is louder than what it sees; a call for a stop is louder than either. */
import type { DeskItem } from '../api/schema'
import type { IconName } from '../parts/icons'

export const LEVELS = ['routine', 'soon', 'now', 'broken', 'stop'] as const
export type Level = (typeof LEVELS)[number]

const BLIND = new Set(['machine', 'feed', 'link'])

export function levelOf(item: Pick<DeskItem, 'rank' | 'urgency'>): Level {
  if (item.rank === 'stop') return 'stop'
  if (BLIND.has(item.rank)) return 'broken'
  return item.urgency === 'now' ? 'now' : item.urgency === 'soon' ? 'soon' : 'routine'
}

export function isLouder(a: Level | null, b: Level | null): boolean {
  return rankOf(a) > rankOf(b)
}

function rankOf(level: Level | null): number {
  return level === null ? -1 : LEVELS.indexOf(level)
}

/** The loudest of some. */
export function loudest(levels: Iterable<Level>): Level | null {
  let found: Level | null = null
  for (const level of levels) if (isLouder(level, found)) found = level
  return found
}

/** A shape and a tone of its own for each. */
export const LOOK: Record<Level, { tone: 'now' | 'soon' | 'note'; icon: IconName }> = {
  stop: { tone: 'now', icon: 'stop' },
  broken: { tone: 'now', icon: 'broken' },
  now: { tone: 'now', icon: 'now' },
  soon: { tone: 'soon', icon: 'soon' },
  routine: { tone: 'note', icon: 'note' },
}
