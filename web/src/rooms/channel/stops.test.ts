import { expect, it } from 'vitest'
import type { AlertView } from '../../api/schema'
import { minutesAgo, outcomeOf } from './stops'

const closed = (id: string, words: string): AlertView => ({ id, steps: [{ state: 'acknowledged', words: 'seen' }, { state: 'cleared', words }] }) as AlertView

it('a stop shows what came of it, and nothing of a later one when its own alert is held no more', () => {
  const alerts = [closed('9.1', 'The mill is quiet.'), closed('4.1', 'The ford is quiet.')]
  expect(outcomeOf({ alert: '4.1' }, alerts)).toBe('The ford is quiet.')
  expect(outcomeOf({ alert: null }, alerts)).toBe('')
  expect(outcomeOf({ alert: '2.1' }, alerts)).toBe('')
  expect(outcomeOf({ alert: '4.1' })).toBe('')
})

it('minutes that have passed are a whole number in the digits of whoever types; what is none is told from nothing', () => {
  expect(['10', ' 0 ', '٢٥', '۷'].map(minutesAgo)).toEqual([10, 0, 25, 7])
  expect(['', '  '].map(minutesAgo)).toEqual([null, null])
  expect(['x10', '-5', '2.5', '1e3', '10 min', '٢x', '999999'].map(minutesAgo)).toEqual(Array(7).fill(undefined))
})
