/**
 * A signed checkpoint as C2SP text (tlog-checkpoint, signed-note): whose record, how many entries, its root, and who signed.
 *
 *     keepclear/alpha
 *     417
 *     bNsf…=
 *
 *     — keepclear/alpha Az3grl…
 */
export interface Checkpoint {
  origin: string
  size: number
  root: string
  signers: string[]
}

/** What a checkpoint says; null where this is none. It is not verified here: that needs a program that the node did not give out. */
export function readCheckpoint(text: string): Checkpoint | null {
  const [body = '', signed = ''] = text.split('\n\n')
  const [origin = '', size = '', root = ''] = body.split('\n')
  if (!/^\d{1,15}$/.test(size) || origin === '' || root === '') return null
  const signers = signed
    .split('\n')
    .map((line) => /^— (\S+) \S+$/.exec(line)?.[1])
    .filter((name) => name !== undefined)
  return { origin, size: Number(size), root, signers }
}
