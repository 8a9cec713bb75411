/** The doors of a node that is not there yet. They know nobody: the one-time code of the address is shown instead. */
import { Declined, Unreached } from '../../api/client'
import type { Problem } from '../../api/schema'

export interface Missing {
  missing: string[]
  may_follow: string[]
  roles: string[]
  folder: string
}

export interface Person {
  user: string
  role: string
  name: string
}

/** What a node begins with; `zone`: a GeoJSON Feature, agreed in the name of a planner among `people`. */
export interface SettingUp {
  party: { id: string; name: string }
  administrator: { user: string; password: string; name: string }
  exercise: boolean
  people: Person[]
  zone: object | null
  feed: { id: string; source: string; silent_after_us: number | null } | null
}

/** The same as far as the steps have come. */
export type SaidSoFar = Pick<SettingUp, 'party' | 'exercise'> & Partial<SettingUp>

export interface Made {
  user: string
  party: string
  exercise: boolean
  key: string
  invitations: { user: string; path: string; until: string }[]
}

async function asked<T>(code: string, path: string, method: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${code}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (error) {
    throw new Unreached(error)
  }
  const said: unknown = await response.json().catch(() => null)
  if (response.ok) return said as T
  throw new Declined(response.status, (said ?? { type: '', detail: `HTTP ${response.status}` }) as Problem)
}

export const missing = (code: string): Promise<Missing> => asked(code, '/v1/setup', 'GET')
/** Whether the node would take what was said so far, by its own rules; what it would not is thrown as `Declined`. */
export const check = (code: string, said: SaidSoFar): Promise<unknown> => asked(code, '/v1/setup/check', 'POST', said)
export const make = (code: string, body: SettingUp): Promise<Made> => asked(code, '/v1/setup', 'POST', body)
export const startExample = (code: string): Promise<{ address: string }> => asked(code, '/v1/setup/example', 'POST')

/** Waits until the node answers at this address. */
export async function isThere(): Promise<void> {
  for (;;) {
    const there = await fetch('/healthz').then((response) => response.ok, () => false)
    if (there) return
    await new Promise((done) => setTimeout(done, 500))
  }
}

/** An id from a name: "Alpha Company" is alpha-company. What no Latin letter stands for is left out. */
export function idOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 64)
    .replace(/-+$/, '')
}
