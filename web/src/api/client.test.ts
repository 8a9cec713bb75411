import { expect, test } from 'vitest'
import { Declined, isUnanswered, Tries, Unreached } from './client'
import type { Problem } from './schema'

const answered = <T>(status: number, data?: T): Promise<{ data?: T; response: Response }> =>
  Promise.resolve({ ...(data === undefined ? {} : { data }), response: new Response('', { status }) })

test('the same that is tried again is the same request, of the instant at which it was tried first', () => {
  const tries = new Tries<{ at: number }>()
  const first = tries.of({ taken_by: 'otto' }, () => ({ at: 1_000 }))
  expect(tries.of({ taken_by: 'otto' }, () => ({ at: 9_000 }))).toEqual(first)
  expect(first.body.at).toBe(1_000)
})

test('other words are another request', () => {
  const tries = new Tries<string>()
  const first = tries.of('on_hold', () => 'on_hold')
  expect(tries.of('off_hold', () => 'off_hold').header).not.toEqual(first.header)
})

test('what was done or refused is asked anew the next time', async () => {
  const tries = new Tries<string>()
  const keys: string[] = []
  const asked = (status: number): Promise<string> =>
    tries.ask('held', () => 'held', ({ header }) => {
      keys.push(header['Idempotency-Key'])
      return answered(status, status < 300 ? 'done' : undefined)
    })
  await expect(asked(201)).resolves.toBe('done')
  expect(tries.open).toBe(undefined)
  await expect(asked(422)).rejects.toBeInstanceOf(Declined)
  expect(tries.open).toBe(undefined)
  await asked(201)
  expect(new Set(keys).size).toBe(3)
})

test.each([500, 502, 503, 504, 0])('after a %s it is asked in the same way again: it may have been done', async (status) => {
  const tries = new Tries<string>()
  const keys: string[] = []
  const asked = (does: () => ReturnType<typeof answered<string>>): Promise<string> =>
    tries.ask('held', () => 'held', ({ header }) => {
      keys.push(header['Idempotency-Key'])
      return does()
    })
  await expect(asked(() => (status === 0 ? Promise.reject(new TypeError('Failed to fetch')) : answered(status)))).rejects.toSatisfy(isUnanswered)
  expect(tries.open).toBe('held')
  await asked(() => answered(201, 'done'))
  expect(keys[1]).toBe(keys[0])
})

test('what a node has refused is answered', () => {
  expect(isUnanswered(new Unreached(undefined))).toBe(true)
  expect(isUnanswered(new Declined(409, { type: 'keepclear:alert.is_cleared', detail: '' } as Problem))).toBe(false)
  expect(isUnanswered(new Declined(409, { type: 'keepclear:idempotency.under_way', detail: '' } as Problem))).toBe(true)
  expect(isUnanswered(new Error())).toBe(false)
})
