import { expect, test } from 'vitest'
import { Tries } from './client'

test('the same that is tried again is the same request, of the instant at which it was tried first', () => {
  const tries = new Tries<{ at: number }>()
  const first = tries.of({ taken_by: 'otto' }, () => ({ at: 1_000 }))
  expect(tries.of({ taken_by: 'otto' }, () => ({ at: 9_000 }))).toEqual(first)
  expect(first.body.at).toBe(1_000)
})

test('other words are another request, and so is the same once it was answered', () => {
  const tries = new Tries<string>()
  const first = tries.of('on_hold', () => 'on_hold')
  const second = tries.of('off_hold', () => 'off_hold')
  expect(second.header).not.toEqual(first.header)
  tries.answered()
  expect(tries.of('off_hold', () => 'off_hold').header).not.toEqual(second.header)
})
