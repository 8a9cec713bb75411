/** Who is signed in here, and what they may do. */
import { api, onSignedOut, sessionBegan, taken } from '../api/client'
import type { Me } from '../api/schema'

type Standing = 'unknown' | 'out' | 'in' | 'unreached'

let standing = $state<Standing>('unknown')
let me = $state.raw<Me | null>(null)
let ended = $state(false)

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

// The tabs of a browser share one session: whoever signs in or out in one does so in all.
const tabs = new BroadcastChannel('keepclear.session')
tabs.onmessage = () => {
  if (standing !== 'unknown') void whoAmI()
}

// What was read for one person is not shown to the next: the page begins anew.
let before: string | null = null
function entered(found: Me): void {
  sessionBegan()
  if (before !== null && before !== found.user) {
    standing = 'unknown'
    setTimeout(() => location.reload())
    return
  }
  before = found.user
  me = found
  standing = 'in'
  ended = false
}

onSignedOut(() => {
  if (standing === 'in') ended = true
  standing = 'out'
  me = null
})

/** Asks the node who this is. */
export async function whoAmI(): Promise<void> {
  try {
    entered(await taken(api.GET('/v1/me')))
  } catch (error) {
    // Nobody is sent away because the node is silent: the frame says that it is.
    if (standing === 'unknown') standing = 'unreached'
    if (!(error instanceof Error)) throw error
  }
}

/** Signs in with a password. Throws what the node says against it. */
export async function signIn(user: string, password: string): Promise<void> {
  entered(await taken(api.POST('/v1/session', { body: { user, password } })))
  tabs.postMessage('in')
}

/** Takes an invitation, with the password that is to be used from now on. */
export async function takeInvitation(code: string, password: string): Promise<void> {
  entered(await taken(api.POST('/v1/session/invite', { body: { code, password } })))
  tabs.postMessage('in')
}

/** Ends the session, here and at the node; nothing that was read stays in this page. */
export async function signOut(): Promise<void> {
  await taken(api.DELETE('/v1/session'))
  tabs.postMessage('out')
  location.reload()
}
