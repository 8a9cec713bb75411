/** What came of something that somebody did: shown, spoken to screen readers, and kept until it is closed or, if all went well, a while. */
export interface Notice {
  id: number
  kind: 'done' | 'failed'
  text: string
}

const DONE_MS = 6_000
let next = 1
let shown = $state.raw<readonly Notice[]>([])

export const notices = {
  get shown(): readonly Notice[] {
    return shown
  },
}

/** Something was done. */
export function tellDone(text: string): void {
  const id = add('done', text)
  setTimeout(() => close(id), DONE_MS)
}

/** Something was not done; it stays until somebody has read it. */
export function tellFailed(text: string): void {
  add('failed', text)
}

export function close(id: number): void {
  shown = shown.filter((notice) => notice.id !== id)
}

function add(kind: Notice['kind'], text: string): number {
  const id = next++
  shown = [...shown, { id, kind, text }]
  return id
}
