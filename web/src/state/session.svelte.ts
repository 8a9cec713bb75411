/** Who is signed in here, and what they may do. */
import { api, onSignedOut, taken } from '../api/client'
import type { Me } from '../api/schema'

type Standing = 'unknown' | 'out' | 'in' | 'unreached'

let standing = $state<Standing>('unknown')
let me = $state.raw<Me | null>(null)
let ended = $state(false)

// The tabs of one browser share its cookie: whoever signs in or out in one of them does so in all.
const otherTabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('keepclear.session')
if (otherTabs !== null) otherTabs.onmessage = () => void whoAmI()

export const session = {
  get standing(): Standing {
    return standing
  },
  /** Whoever is signed in; only asked for behind `standing === 'in'`. */
  get me(): Me {
    if (me === null) throw new Error('nobody is signed in')
    return me
  },
  /** Whether a session was ended from elsewhere, which the sign-in page says. */
  get ended(): boolean {
    return ended
  },
  /** Whether the role of whoever is signed in does this at all; the node decides for each object. */
  may(action: string): boolean {
    return me?.may.includes(action) ?? false
  },
}

onSignedOut(() => {
  if (standing === 'in') ended = true
  standing = 'out'
  me = null
})

/** Asks the node who this is. */
export async function whoAmI(): Promise<void> {
  try {
    isNow(await taken(api.GET('/v1/me')))
  } catch (error) {
    // Nobody is sent away because the node is silent: the frame says that it is.
    if (standing === 'unknown') standing = 'unreached'
    if (!(error instanceof Error)) throw error
  }
}

/** Signs in with a password. Throws what the node says against it. */
export async function signIn(user: string, password: string): Promise<void> {
  isNow(await taken(api.POST('/v1/session', { body: { user, password } })))
  otherTabs?.postMessage('in')
}

/** Takes an invitation, with the password that is to be used from now on. */
export async function takeInvitation(code: string, password: string): Promise<void> {
  isNow(await taken(api.POST('/v1/session/invite', { body: { code, password } })))
  otherTabs?.postMessage('in')
}

/** Ends the session, here and at the node; nothing that was read stays in this page. */
export async function signOut(): Promise<void> {
  await taken(api.DELETE('/v1/session'))
  otherTabs?.postMessage('out')
  location.reload()
}

let last: string | undefined
/** A page that has shown one person's desk is made anew for another: nothing of the one is shown to the other, or done in their name. */
function isNow(next: Me): void {
  if (last !== undefined && last !== next.user) {
    location.reload()
    return
  }
  last = next.user
  me = next
  standing = 'in'
  ended = false
}
