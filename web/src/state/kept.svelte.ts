/**
 * Something read from the node that is kept true: it is read when somebody shows it, again when a line says that it may have changed,
 * and again behind a break.
 *
 *     const alerts = new Kept(() => all((after) => api.GET('/v1/alerts', { params: { query: { after } } })), ['alert', 'alert_step'])
 *     $effect(() => alerts.shown())
 */
import { untrack } from 'svelte'
import { Declined } from '../api/client'
import { onLine, onResumed, type Line } from './live.svelte'

const GATHER_MS = 150
const FAILED_AGAIN_MS = 5_000

export type Reading = 'never' | 'reading' | 'read' | 'failed'

/**
 * One that is made where it is asked for first. What makes it there reads it at once, and what Svelte makes within a reaction it does not
 * look at from there: so it is made outside of all.
 */
export function kept<T>(...asked: ConstructorParameters<typeof Kept<T>>): Kept<T> {
  let made!: Kept<T>
  $effect.root(() => {
    made = new Kept(...asked)
  })
  return made
}

export class Kept<T> {
  #value = $state.raw<T | undefined>(undefined)
  #reading = $state<Reading>('never')
  #error = $state.raw<unknown>(undefined)
  #readAt = $state(0)
  #showing = 0
  #asked = 0
  /** Which of the questions was answered last, of those whose answer counts. */
  #answered = 0
  #ends: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #askedAt = 0

  /** read: asks the node; events: kinds of lines that may change it, or what judges a line; pauseMs: it is not read more often than this. */
  constructor(
    private readonly read: () => Promise<T>,
    private readonly events: readonly string[] | ((line: Line) => boolean),
    private readonly pauseMs = 0,
  ) {}

  /** What was read last; undefined until anything was. */
  get value(): T | undefined {
    return this.#value
  }

  get reading(): Reading {
    return this.#reading
  }

  /** What went wrong when it was read last. */
  get error(): unknown {
    return this.#error
  }

  /** When it was read last, milliseconds of this machine's clock; 0 never. */
  get readAt(): number {
    return this.#readAt
  }

  /** Somebody shows it: `$effect(() => kept.shown())`. */
  shown(): () => void {
    this.#showing += 1
    if (this.#showing === 1) {
      this.#ends = [onLine((line) => this.#concerns(line) && this.soon()), onResumed(() => this.soon())]
      // What is read is no reason to read it again.
      untrack(() => void this.again())
    }
    return () => {
      this.#showing -= 1
      if (this.#showing > 0) return
      this.#waitNoMore()
      for (const end of this.#ends) end()
    }
  }

  /** Reads it again, once for all that asks for it within a moment. */
  soon(): void {
    this.#readIn(Math.max(GATHER_MS, this.#askedAt + this.pauseMs - Date.now()))
  }

  /** Reads it again. An answer that is older than what is shown is not shown. */
  async again(): Promise<void> {
    const asked = ++this.#asked
    this.#askedAt = Date.now()
    if (this.#reading === 'never') this.#reading = 'reading'
    try {
      const value = await this.read()
      if (asked < this.#answered) return
      this.#answered = asked
      this.#value = value
      this.#error = undefined
      this.#reading = 'read'
      this.#readAt = Date.now()
    } catch (error) {
      if (asked < this.#answered) return
      this.#answered = asked
      this.#error = error
      this.#reading = 'failed'
      // No line may come that would make it read again; what is refused stays so.
      if (this.#showing > 0 && !(error instanceof Declined && error.status < 429)) this.#readIn(FAILED_AGAIN_MS)
    }
  }

  /** Forgets everything: another person is signed in. */
  forget(): void {
    this.#answered = ++this.#asked
    this.#waitNoMore()
    this.#value = undefined
    this.#error = undefined
    this.#reading = 'never'
  }

  #readIn(waitMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.again()
    }, waitMs)
  }

  #waitNoMore(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #concerns(line: Line): boolean {
    return typeof this.events === 'function' ? this.events(line) : this.events.includes(line.event)
  }
}
