import { tellDone } from '../state/notices.svelte'

/** Copies a text, and says so; false where the browser gives no clipboard, as to a page without TLS from another machine. */
export async function copied(text: string, done: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    return false
  }
  tellDone(done)
  return true
}
