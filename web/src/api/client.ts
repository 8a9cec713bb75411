/**
 * The doors of the node, typed from its own description (docs/reference/openapi.json).
 *
 *     const { items } = await taken(api.GET('/v1/zones'))
 *
 * What is refused is thrown as a `Declined`, with the problem as the node says it.
 */
import createClient from 'openapi-fetch'
import type { paths, Problem } from './schema'

export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin' })
api.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && request.method !== 'HEAD') request.headers.set('Keepclear-Console', '1')
    return request
  },
})

/** A node has refused; `problem` says why, with the place of every fault. */
export class Declined extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail)
    this.name = 'Declined'
  }

  /** Key of what was wrong: `alert.unknown`. */
  get key(): string {
    return this.problem.type.replace(/^.*[:/]/, '')
  }
}

/** The node did not answer: no network, or it is being started. */
export class Unreached extends Error {
  constructor(cause: unknown) {
    super('The node does not answer', { cause })
    this.name = 'Unreached'
  }
}

let whenSignedOut: () => void = () => {}
/** What is to be done when the node no longer knows who asks. */
export function onSignedOut(does: () => void): void {
  whenSignedOut = does
}

let sessions = 0
/** Somebody has been let in: what was asked before is answered for a session that may have ended since, and says nothing of theirs. */
export function sessionBegan(): void {
  sessions += 1
}

interface Answered<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What was answered; throws `Declined` or `Unreached`. */
export async function taken<T>(asked: Promise<Answered<T>>): Promise<T> {
  const askedIn = sessions
  let answered: Answered<T>
  try {
    answered = await asked
  } catch (error) {
    throw new Unreached(error)
  }
  const { data, error, response } = answered
  if (response.ok) return data as T
  if (response.status === 401 && askedIn === sessions) whenSignedOut()
  throw new Declined(response.status, problemOf(error, response.status))
}

/** Whether it is not known what became of what was asked: nothing came back, or that it is being done, or went wrong in the node or on the way to it. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof Unreached || (error instanceof Declined && (error.status >= 500 || error.key === 'idempotency.under_way'))
}

/** All pages of a list, one after the other; at most `itemsMax`, with the newest left off behind it. */
export async function all<T>(
  page: (after: string | undefined) => Promise<Answered<{ items: T[]; next?: string | null }>>,
  itemsMax = 20_000,
): Promise<T[]> {
  const items: T[] = []
  let after: string | undefined
  do {
    const found = await taken(page(after))
    items.push(...found.items)
    after = found.next ?? undefined
  } while (after !== undefined && items.length < itemsMax)
  return items
}

/** A key that nobody else has made. Also where the page came by plain HTTP from another machine, and the browser makes no UUIDs. */
export function freshKey(bytes = 16): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A key under which the same thing is done once, however often it is asked for. */
export function once(): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': freshKey() }
}

interface Try<Body> {
  header: { 'Idempotency-Key': string }
  body: Body
}

/**
 * Something that somebody does, tried until it is answered: the same again is the same request, of the same instant and under the same key,
 * so that it is not done twice where only the answer was lost. Other words are another thing to do.
 */
export class Tries<Body> {
  #said = ''
  #as: Try<Body> | undefined

  /** What was tried last and is not answered; undefined: nothing. */
  get open(): Body | undefined {
    return this.#as?.body
  }

  /** It is there, though no answer came: the same again is asked anew. */
  close(): void {
    this.#as = undefined
  }

  /** Asks for it; what was done or refused is asked anew the next time. said: as in `of`; does: asks the node. */
  async ask<T>(said: unknown, body: () => Body, does: (asked: Try<Body>) => Promise<Answered<T>>): Promise<T> {
    try {
      const done = await taken(does(this.of(said, body)))
      this.#as = undefined
      return done
    } catch (error) {
      if (!isUnanswered(error)) this.#as = undefined
      throw error
    }
  }

  /** What is asked now. said: what somebody has chosen and written; body: makes of it what the node takes, where it is tried for the first time. */
  of(said: unknown, body: () => Body): Try<Body> {
    const text = JSON.stringify(said)
    if (this.#as === undefined || text !== this.#said) {
      this.#said = text
      this.#as = { header: once(), body: body() }
    }
    return this.#as
  }
}

function problemOf(error: unknown, status: number): Problem {
  if (typeof error === 'object' && error !== null && 'detail' in error) return error as Problem
  return { type: 'urn:keepclear:node.unreadable', title: '', status, detail: `HTTP ${status}`, errors: [] } as unknown as Problem
}
