/** What the node would not take in the set-up, each at the field where it is mended. The rules are the node's; here are only the places. */
import { Declined } from '../../api/client'
import type { Fault } from '../../api/schema'

const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^\$\.party\.id/, 'party.id'],
  [/^\$\.party\.name/, 'party.name'],
  [/^\$\.administrator\.(user|name|password)/, 'you.$1'],
  [/^\$\.people\[(\d+)\]/, 'people.$1'],
  [/^\$\.zone\.properties\.(radius|band)/, 'zone.$1'],
  [/^\$\.zone\.geometry/, 'zone.place'],
  [/^\$\.zone/, 'zone.name'],
  [/^\$\.feed\.silent_after_us/, 'feed.silent'],
  [/^\$\.feed/, 'feed.source'],
]

/** The field of a path in what was said: `$.people[1].user` is people.1; "" where no field is to blame alone. */
export function fieldOf(path: string): string {
  for (const [pattern, field] of PLACES) {
    const found = pattern.exec(path)
    if (found) return field.replace('$1', found[1] ?? '')
  }
  return ''
}

/** The faults of an answer, by field; `worded` says one of them. */
export function byField(error: unknown, worded: (fault: Fault) => string): Record<string, string> {
  if (!(error instanceof Declined)) return {}
  const found: Record<string, string> = {}
  for (const fault of error.problem.errors ?? []) {
    const field = fieldOf(fault.path)
    if (field) found[field] = [found[field], worded(fault)].filter(Boolean).join(' ')
  }
  return found
}

/** Whether every fault of an answer has a field, so that nothing need be said above the form. */
export function isAtFields(error: unknown): boolean {
  return error instanceof Declined && (error.problem.errors ?? []).length > 0 && (error.problem.errors ?? []).every((fault) => fieldOf(fault.path) !== '')
}
