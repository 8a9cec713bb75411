import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** A wire to a node, as a browser has one; the test is the node. */
class Wire {
  static all: Wire[] = []
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  isClosed = false
  readonly #hearers = new Map<string, (event: unknown) => void>()

  constructor(readonly address: string) {
    Wire.all.push(this)
  }

  addEventListener(kind: string, hears: (event: unknown) => void): void {
    this.#hearers.set(kind, hears)
  }

  close(): void {
    this.isClosed = true
  }

  says(kind: string, said: unknown, lastEventId = ''): void {
    if (!this.isClosed) this.#hearers.get(kind)?.({ data: JSON.stringify(said), lastEventId })
  }
}

const wire = (): Wire => Wire.all.at(-1)!
const status = (size: number): [string, unknown] => ['status', { now: new Date().toISOString(), size }]
let onBrowser: Record<string, () => void>
let stream: typeof import('./live.svelte')

beforeEach(async () => {
  vi.useFakeTimers()
  Wire.all = []
  onBrowser = {}
  vi.stubGlobal('EventSource', Wire)
  vi.stubGlobal('addEventListener', (kind: string, does: () => void) => (onBrowser[kind] = does))
  vi.stubGlobal('navigator', { onLine: true })
  vi.resetModules()
  stream = await import('./live.svelte')
})

afterEach(() => {
  stream.stopListening()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('what was read before the stream began is read again when it begins', () => {
  const again = vi.fn()
  stream.onResumed(again)
  stream.listen()
  wire().onopen!()
  expect(again).toHaveBeenCalledTimes(1)
})

test('behind a break the stream goes on from the last line that came, and none is shown twice', () => {
  const told: string[] = []
  stream.onLine((line) => told.push(line.id))
  stream.listen()
  wire().onopen!()
  wire().says('alert', {}, '7.0')
  wire().onerror!()
  expect(stream.live.connection).toBe('reconnecting')
  vi.advanceTimersByTime(500)
  expect(wire().address).toContain('after=7.0')
  wire().onopen!()
  wire().says('alert', {}, '7.0')
  wire().says('alert', {}, '7.1')
  expect(told).toEqual(['7.0', '7.1'])
})

test('a network that comes back while the wire is being laid leaves one wire, not two', () => {
  stream.listen()
  wire().onopen!()
  wire().onerror!()
  vi.advanceTimersByTime(500)
  onBrowser['online']!()
  expect(Wire.all.filter((one) => !one.isClosed)).toHaveLength(1)
})

test('a node that was begun again from an older copy is heard from its own newest line on', () => {
  const told: string[] = []
  const again = vi.fn()
  stream.onLine((line) => told.push(line.id))
  stream.listen()
  wire().onopen!()
  wire().says('alert', {}, '90.0')
  wire().onerror!()
  vi.advanceTimersByTime(500)
  wire().onopen!()
  stream.onResumed(again)
  wire().says(...status(40))
  expect(wire().address).not.toContain('after')
  wire().onopen!()
  wire().says('alert', {}, '41.0')
  expect(told).toEqual(['90.0', '41.0'])
  expect(again).toHaveBeenCalledTimes(1)
})

test('a node whose record is longer than the last line that came is heard on', () => {
  stream.listen()
  wire().onopen!()
  wire().says('alert', {}, '90.0')
  wire().says(...status(90))
  wire().says(...status(120))
  expect(Wire.all).toHaveLength(1)
})

test('a machine that slept does not show what is old as fresh when it wakes', () => {
  stream.listen()
  wire().onopen!()
  vi.advanceTimersByTime(2_000)
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(1_000)
  expect(stream.live.brokenAt).not.toBeNull()
})

test('a wire on which nothing comes counts as broken', () => {
  stream.listen()
  vi.advanceTimersByTime(40_000)
  expect(stream.live.connection).toBe('reconnecting')
  expect(Wire.all.length).toBeGreaterThan(1)
})
