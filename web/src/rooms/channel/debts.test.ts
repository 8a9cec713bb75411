import { expect, test } from 'vitest'
import { debtMark } from './debts'

const settled = (direction: string, marker: string): string => debtMark({ debt: 'settled', mismatch: false, direction }, marker).key

test('only what asks to be read back is said to have been', () => {
  expect(settled('in', 'warning')).toBe('in.settled')
  expect(settled('in', 'answer')).toBe('in.arrived')
  expect(settled('out', 'information')).toBe('out.settled')
  expect(settled('out', 'question')).toBe('out.answered')
})
