/**
 * The queue as it stands on the screen. The node has the order; here is only what keeps a list still under somebody's hand: while it is
 * held, nothing moves, what is new waits, and what has left stays where it was. What has left is kept until the reader puts it away; of very
 * much, the newest. All of it is in the record.
 */
import type { DeskItem } from '../../api/schema'

export const SECTIONS = ['open', 'in_hand', 'waiting', 'done'] as const
export type Section = (typeof SECTIONS)[number]

/** item: as the node had it last; section: where it stands; hasLeft: it is no longer on the desk. */
export interface Row {
  item: DeskItem
  section: Section
  hasLeft: boolean
}

export interface Queue {
  rows: readonly Row[]
  /** What has come while the list was held, in the node's order. */
  news: readonly DeskItem[]
}

export const LEFT_MAX = 100
export const NO_QUEUE: Queue = { rows: [], news: [] }

/** The queue after the node has answered again. */
export function renewed(queue: Queue, items: readonly DeskItem[], held: boolean): Queue {
  const here = new Set(items.map((item) => item.id))
  const unseen = queue.news.filter((item) => !here.has(item.id)).map(gone)
  const rows = [...queue.rows, ...unseen]
  return held && queue.rows.length > 0 ? kept(rows, items) : settled(rows, items)
}

/** Everything in its place, in the node's order; what has left stands at the end, the newest first. */
export function settled(rows: readonly Row[], items: readonly DeskItem[]): Queue {
  const here = new Set(items.map((item) => item.id))
  const left = rows.filter((row) => !here.has(row.item.id))
  const before = left.filter((row) => row.section === 'done')
  const fresh = left.filter((row) => row.section !== 'done')
  const done = [...fresh, ...before].slice(0, LEFT_MAX).map(({ item }) => gone(item))
  return { rows: [...items.map((item) => ({ item, section: sectionOf(item), hasLeft: false })), ...done], news: [] }
}

/** Without what has left, which the reader has seen. */
export function putAway(queue: Queue): Queue {
  return { ...queue, rows: queue.rows.filter((row) => !row.hasLeft) }
}

function kept(rows: readonly Row[], items: readonly DeskItem[]): Queue {
  const byId = new Map(items.map((item) => [item.id, item]))
  const still = rows.map((row): Row => {
    const item = byId.get(row.item.id)
    if (item === undefined) return { ...row, hasLeft: true }
    return { item, section: row.section, hasLeft: false }
  })
  const shown = new Set(rows.map((row) => row.item.id))
  return { rows: still, news: items.filter((item) => !shown.has(item.id)) }
}

function gone(item: DeskItem): Row {
  return { item, section: 'done', hasLeft: true }
}

/** Whether it still is what its heading says: while the list is held, what has changed stays where it was. */
export function belongs({ item, section, hasLeft }: Row): boolean {
  return section === 'done' ? hasLeft : !hasLeft && sectionOf(item) === section
}

function sectionOf(item: DeskItem): Section {
  return item.part === 'in_hand' || item.part === 'waiting' ? item.part : 'open'
}
