import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Declined } from '../api/client'
import type { Problem } from '../api/schema'

let Kept: typeof import('./kept.svelte').Kept
/** What is to be answered, in the order in which it was asked for. */
let asked: { answer: (value: string) => void; fail: (error: Error) => void }[]
const read = (): Promise<string> => new Promise((answer, fail) => asked.push({ answer, fail }))

beforeEach(async () => {
  vi.useFakeTimers()
  vi.stubGlobal('addEventListener', () => {})
  asked = []
  ;({ Kept } = await import('./kept.svelte'))
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('an answer is shown though it was asked for again meanwhile: where much happens, what is shown would stand still', async () => {
  const kept = new Kept(read, [])
  const first = kept.again()
  void kept.again()
  asked[0]!.answer('older')
  await first
  expect(kept.value).toBe('older')
})

test('an answer that comes behind a newer one is not shown', async () => {
  const kept = new Kept(read, [])
  const [first, second] = [kept.again(), kept.again()]
  asked[1]!.answer('newer')
  await second
  asked[0]!.answer('older')
  await first
  expect(kept.value).toBe('newer')
})

test('what could not be read is read again, though no line says that it has changed', async () => {
  const kept = new Kept(read, [])
  const end = kept.shown()
  asked[0]!.fail(new Error('not now'))
  await vi.advanceTimersByTimeAsync(5_000)
  expect(kept.reading).toBe('failed')
  asked[1]!.answer('well')
  await vi.advanceTimersByTimeAsync(0)
  expect(kept.value).toBe('well')
  end()
})

test('what is refused is not asked for again and again', async () => {
  const kept = new Kept(read, [])
  const end = kept.shown()
  asked[0]!.fail(new Declined(404, { detail: '' } as Problem))
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(1)
  end()
})

test('what nobody shows any more is not read again', async () => {
  const kept = new Kept(read, [])
  const end = kept.shown()
  kept.soon()
  end()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toHaveLength(1)
})

test('what was asked for before somebody signed out is not shown to whoever comes next', async () => {
  const kept = new Kept(read, [])
  const first = kept.again()
  kept.forget()
  asked[0]!.answer('of another person')
  await first
  expect(kept.value).toBeUndefined()
})
