import { expect, it } from 'vitest'
import type { DeskItem } from '../../api/schema'
import { belongs, LEFT_MAX, NO_QUEUE, putAway, renewed, settled, type Queue } from './queue'

const item = (id: string, part = 'open'): DeskItem => ({ id, part }) as DeskItem
const shown = ({ rows }: Queue): string => rows.map((row) => `${row.item.id}${row.hasLeft ? '-' : ''}:${row.section}`).join(' ')
const [a, b, c] = [item('a'), item('b'), item('c')]

it('stands in the order of the node', () => {
  expect(shown(renewed(NO_QUEUE, [b, a, item('w', 'waiting')], false))).toBe('b:open a:open w:waiting')
})

it('moves nothing while it is held: what is new waits', () => {
  const held = renewed(settled([], [a, b]), [c, b, a], true)
  expect(shown(held)).toBe('a:open b:open')
  expect(held.news).toEqual([c])
})

it('shows in place what becomes of an item while it is held', () => {
  const held = renewed(settled([], [a, b]), [b, item('a', 'in_hand')], true)
  expect(shown(held)).toBe('a:open b:open')
  expect(held.rows[0]!.item.part).toBe('in_hand')
  expect(shown(renewed(held, [b, item('a', 'in_hand')], false))).toBe('b:open a:in_hand')
})

it('tells what still is what its heading says from what only stands under it', () => {
  const held = renewed(settled([], [a, b, c]), [b, item('a', 'in_hand')], true)
  expect(held.rows.map(belongs)).toEqual([false, true, false])
  expect(renewed(held, [b, item('a', 'in_hand')], false).rows.map(belongs)).toEqual([true, true, true])
})

it('keeps what has left where it was, and then among what is done', () => {
  const held = renewed(settled([], [a, b]), [b], true)
  expect(shown(held)).toBe('a-:open b:open')
  const after = renewed(held, [b], false)
  expect(shown(after)).toBe('b:open a-:done')
  expect(shown(renewed(after, [], false))).toBe('b-:done a-:done')
  expect(shown(putAway(after))).toBe('b:open')
})

it('keeps also what came and left while it was held', () => {
  const came = renewed(settled([], [a]), [c, a], true)
  const left = renewed(came, [a], true)
  expect(shown(left)).toBe('a:open c-:done')
  expect(left.news).toEqual([])
})

it('takes up again what had left and is back', () => {
  const left = renewed(settled([], [a]), [], false)
  expect(shown(renewed(left, [a], false))).toBe('a:open')
})

it('is not held while nothing is in it', () => {
  expect(shown(renewed(NO_QUEUE, [a], true))).toBe('a:open')
})

it('loses nothing and doubles nothing, in whatever order things come', () => {
  let queue = NO_QUEUE
  let seed = 7
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
  for (let turn = 0; turn < 300; turn++) {
    const items = ['a', 'b', 'c', 'd', 'e'].filter(() => random(3) > 0).map((id) => item(id))
    queue = renewed(queue, items, random(2) === 0)
    const ids = [...queue.rows.map((row) => row.item.id), ...queue.news.map(({ id }) => id)]
    expect(new Set(ids).size).toBe(ids.length)
    for (const { id } of items) expect(ids).toContain(id)
    for (const row of queue.rows) expect(row.hasLeft).toBe(!items.some(({ id }) => id === row.item.id))
  }
})

it('keeps only the newest of very much that has left: a console stays open for weeks', () => {
  let queue: Queue = NO_QUEUE
  for (let i = 0; i < LEFT_MAX + 50; i++) queue = renewed(queue, [item(`i${i}`)], false)
  expect(queue.rows).toHaveLength(LEFT_MAX + 1)
  expect(queue.rows[1]!.item.id).toBe(`i${LEFT_MAX + 48}`)
})
