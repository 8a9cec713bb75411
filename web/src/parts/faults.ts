import type { Fault } from '../api/schema'

/** A fault as the node says it: what is wrong, and how to mend it. */
export function faultText({ what, mend }: Pick<Fault, 'what' | 'mend'>): string {
  return [what, mend].filter(Boolean).join('. ')
}
