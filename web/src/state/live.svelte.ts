/**
 * The one stream of this tab: what is told, as it is told; none is missed, and none is shown twice.
 *
 * A line has an id, "SEQUENCE.INDEX". Behind a break the stream goes on from the last one that came. A line says what happened; what
 * is so now is read from the node again by whoever shows it (`onLine`).
 */
import type { LiveStatus } from '../api/schema'
import { clock } from './clock.svelte'

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline'

/** A line of the record as it is told. `event`: alert, alert_step, message, ...; `text`: English, for those who have no other words. */
export interface Line {
  id: string
  event: string
  at: string
  text: string
  [member: string]: unknown
}

const SILENT_MS = 35_000
const LOOK_MS = 1_000
const AGAIN_MS = [500, 1_000, 2_000, 4_000, 8_000]
const KEPT = 2_000

let connection = $state<Connection>('connecting')
let heardAt = $state(0)
let brokenAt = $state<number | null>(null)
let lines = $state.raw<readonly Line[]>([])
let node = $state.raw<LiveStatus | null>(null)

export const live = {
  get connection(): Connection {
    return connection
  },
  /** When anything came last, milliseconds of this machine's clock. */
  get heardAt(): number {
    return heardAt
  },
  /** Since when nothing comes; null while it does. */
  get brokenAt(): number | null {
    return brokenAt
  },
  /** The newest lines, oldest first. */
  get lines(): readonly Line[] {
    return lines
  },
  /** How the node does, as it said last, about every five seconds: its feeds, links and troubles; null until it has. */
  get node(): LiveStatus | null {
    return node
  },
}

type Hears<T> = (said: T) => void
const hearers = { line: new Set<Hears<Line>>(), again: new Set<() => void>() }
const frames = new Map<string, Set<Hears<unknown>>>()

/** Calls for every line from now on; gives what ends that. */
export function onLine(does: Hears<Line>): () => void {
  hearers.line.add(does)
  return () => hearers.line.delete(does)
}

/** Calls whenever the stream begins or goes on: what was read before may be older than its first line, and is read again. */
export function onResumed(does: () => void): () => void {
  hearers.again.add(does)
  return () => hearers.again.delete(does)
}

/** Calls for every frame of a kind that has no id: `picture`, `status`. */
export function onFrame<T>(kind: string, does: Hears<T>): () => void {
  const held = frames.get(kind) ?? new Set()
  frames.set(kind, held)
  held.add(does as Hears<unknown>)
  return () => held.delete(does as Hears<unknown>)
}

let source: EventSource | null = null
let lastId = ''
let openedAt = 0
let failures = 0
let timer: ReturnType<typeof setTimeout> | undefined
let watch: ReturnType<typeof setInterval> | undefined

/** Begins to listen. `after`: id of the last line that is known already; from now on where it is left out. */
export function listen(after = ''): void {
  stopListening()
  lastId = after
  // By the clock, and not by one long timer: those stand still while a laptop sleeps, and what is old would look fresh when it wakes.
  watch = setInterval(() => timer === undefined && Date.now() - Math.max(heardAt, openedAt) > SILENT_MS && broken(), LOOK_MS)
  open()
}

/** Listens no more, and forgets what was heard: it was for whoever was signed in. */
export function stopListening(): void {
  clearInterval(watch)
  waitNoMore()
  source?.close()
  source = null
  lastId = ''
  failures = 0
  lines = []
  connection = 'connecting'
  heardAt = 0
  brokenAt = null
  node = null
}

function open(): void {
  waitNoMore()
  source?.close()
  openedAt = Date.now()
  const query = new URLSearchParams(lastId === '' ? {} : { after: lastId })
  const opened = new EventSource(`/v1/live?${query}`)
  source = opened
  opened.onopen = () => {
    heard()
    connection = 'live'
    brokenAt = null
    failures = 0
    for (const does of hearers.again) does()
  }
  opened.onerror = () => broken()
  for (const kind of LINES) opened.addEventListener(kind, (event) => took(kind, event as MessageEvent<string>))
  for (const kind of FRAMES) {
    opened.addEventListener(kind, (event) => {
      heard()
      const said: unknown = JSON.parse((event as MessageEvent<string>).data)
      if (kind === 'status') tookStatus(said as LiveStatus)
      for (const does of frames.get(kind) ?? []) does(said)
    })
  }
}

const LINES = [
  'agreement', 'alert', 'alert_step', 'call', 'correction', 'feed', 'measure', 'message', 'name', 'peer', 'presence', 'roster',
  'standing', 'statement', 'zone',
] // prettier-ignore
const FRAMES = ['picture', 'status']

function took(kind: string, event: MessageEvent<string>): void {
  heard()
  if (event.lastEventId === '' || !isBehind(event.lastEventId, lastId)) return
  lastId = event.lastEventId
  const line: Line = { ...(JSON.parse(event.data) as Omit<Line, 'id'>), id: lastId, event: kind } as Line
  lines = [...lines.slice(1 - KEPT), line]
  for (const does of hearers.line) does(line)
}

/** Whether an id comes later than another. */
export function isBehind(id: string, other: string): boolean {
  if (other === '') return true
  const [sequence = 0, index = 0] = id.split('.').map(Number)
  const [otherSequence = 0, otherIndex = 0] = other.split('.').map(Number)
  return sequence > otherSequence || (sequence === otherSequence && index > otherIndex)
}

function tookStatus(said: LiveStatus): void {
  const { now, size } = said
  node = said
  clock.heard(Date.parse(now))
  const [sequence = 0] = lastId.split('.').map(Number)
  if (size >= sequence) return
  // The node was begun again from an older copy: its next lines have ids that came before, and are no less new for that.
  lines = []
  lastId = ''
  open()
}

function heard(): void {
  heardAt = Date.now()
}

function waitNoMore(): void {
  clearTimeout(timer)
  timer = undefined
}

// A browser may take minutes to see that a wire is dead, and some give up for good: this does neither.
function broken(): void {
  waitNoMore()
  source?.close()
  brokenAt ??= Date.now()
  connection = navigator.onLine ? 'reconnecting' : 'offline'
  const wait = AGAIN_MS[Math.min(failures, AGAIN_MS.length - 1)] ?? 8_000
  failures += 1
  timer = setTimeout(open, wait)
}

addEventListener('online', () => {
  if (brokenAt === null) return
  failures = 0
  open()
})
addEventListener('offline', () => {
  if (source !== null) broken()
})
