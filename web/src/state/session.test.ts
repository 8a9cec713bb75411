import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/** The cookie of a browser, as a node answers for it; null: nobody is signed in. */
let signedIn: string | null
let isReached: boolean
let toOtherTab: { onmessage: (() => void) | null } | undefined
const reload = vi.fn()
const settled = (): Promise<void> => vi.waitFor(() => expect(asked).toBe(0))
let asked: number
/** What holds back the answers to whatever is asked meanwhile. */
let onItsWay: Promise<void> | undefined

async function node(request: Request): Promise<Response> {
  const way = onItsWay
  const answer = await answered(request)
  await way
  return answer
}

async function answered(request: Request): Promise<Response> {
  asked += 1
  try {
    if (!isReached) throw new TypeError('no network')
    if (request.method === 'POST') signedIn = ((await request.json()) as { user: string }).user
    if (request.method === 'DELETE') signedIn = null
    if (signedIn === null) return Response.json({ detail: 'nobody' }, { status: request.method === 'DELETE' ? 200 : 401 })
    return Response.json({ user: signedIn, may: [] })
  } finally {
    asked -= 1
  }
}

async function tab(): Promise<typeof import('./session.svelte')> {
  vi.resetModules()
  return import('./session.svelte')
}

beforeEach(() => {
  signedIn = null
  isReached = true
  onItsWay = undefined
  asked = 0
  reload.mockClear()
  vi.stubGlobal('location', { reload, origin: 'http://node' })
  vi.stubGlobal('Request', class extends Request {
    constructor(address: string | URL | Request, init?: RequestInit) {
      super(typeof address === 'string' ? new URL(address, 'http://node') : address, init)
    }
  }) // prettier-ignore
  vi.stubGlobal('fetch', node)
  vi.stubGlobal('BroadcastChannel', class {
    onmessage: (() => void) | null = null
    constructor() {
      toOtherTab = this
    }
    postMessage(): void {}
  }) // prettier-ignore
})

afterEach(() => vi.unstubAllGlobals())

test('a tab that has shown the desk of one is made anew when another signs in beside it', async () => {
  const { session, signIn } = await tab()
  await signIn('otto', 'x')
  expect(session.me.user).toBe('otto')
  signedIn = 'lena'
  toOtherTab!.onmessage!()
  await settled()
  await vi.waitFor(() => expect(reload).toHaveBeenCalledTimes(1))
})

test('whoever signs in again after their session ended goes on in the same page', async () => {
  const { session, signIn, whoAmI } = await tab()
  await signIn('otto', 'x')
  signedIn = null
  await whoAmI()
  expect([session.standing, session.ended]).toEqual(['out', true])
  await signIn('otto', 'x')
  expect(session.standing).toBe('in')
  expect(reload).not.toHaveBeenCalled()
})

test('nobody who is signed in is sent away because the node is silent', async () => {
  const { session, signIn, whoAmI } = await tab()
  await signIn('otto', 'x')
  isReached = false
  await whoAmI()
  expect(session.standing).toBe('in')
})

test('of whoever has signed out nothing stays in the page', async () => {
  const { signIn, signOut } = await tab()
  await signIn('otto', 'x')
  await signOut()
  expect(reload).toHaveBeenCalledTimes(1)
})

test('what an ended session is refused late does not send away whoever has signed in since', async () => {
  const { session, signIn } = await tab()
  const { api, taken } = await import('../api/client')
  await signIn('otto', 'x')
  signedIn = null
  let comes = (): void => undefined
  onItsWay = new Promise((resolve) => (comes = resolve))
  const asked = taken(api.GET('/v1/feeds')).catch((error: unknown) => error)
  await settled()
  onItsWay = undefined
  await signIn('otto', 'x')
  comes()
  expect(await asked).toMatchObject({ status: 401 })
  expect(session.standing).toBe('in')
})
