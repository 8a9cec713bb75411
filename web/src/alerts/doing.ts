/**
 * What a person does about alerts. Somebody else may have been quicker: then nothing is lost and nothing is done twice, and what they did is
 * given back to be shown.
 */
import { api, Declined, taken } from '../api/client'
import type { AlertView, StepView } from '../api/schema'
import { alerts, desk } from '../state/lists.svelte'

/** done: alerts that it was done about; already: what others had done before. */
export interface Outcome {
  done: number
  already: StepView[]
}

type Key = { 'Idempotency-Key': string }
type Asked = Promise<{ data?: unknown; error?: unknown; response: Response }>

/** Alerts of these ids that nobody has seen; those that are not held here are asked about as well. */
export function unseen(ids: readonly string[], held: readonly AlertView[] | undefined): string[] {
  return ids.filter((id) => {
    const state = held?.find((alert) => alert.id === id)?.state
    return state === undefined || state === 'raised' || state === 'assigned'
  })
}

export function acknowledge(ids: readonly string[], note: string, key: Key): Promise<Outcome> {
  const left = unseen(ids, alerts.value)
  // All were seen while this one wrote: who was quicker is said, and nothing is asked for.
  if (left.length === 0) return Promise.resolve({ done: 0, already: lastSteps(ids, alerts.value) })
  return each(left, (alert, header) => api.POST('/v1/alerts/{alert}/acknowledge', { params: { path: { alert }, header }, body: { note } }), key)
}

function lastSteps(ids: readonly string[], held: readonly AlertView[] | undefined): StepView[] {
  return (held ?? []).filter((alert) => ids.includes(alert.id)).flatMap((alert) => alert.steps.slice(-1))
}

export function assign(ids: readonly string[], to: string, note: string, key: Key): Promise<Outcome> {
  return each(ids, (alert, header) => api.POST('/v1/alerts/{alert}/assign', { params: { path: { alert }, header }, body: { to, note } }), key)
}

export function clear(ids: readonly string[], reason: string, key: Key): Promise<Outcome> {
  return each(ids, (alert, header) => api.POST('/v1/alerts/{alert}/clear', { params: { path: { alert }, header }, body: { reason } }), key)
}

/** What became of an alert that has left the desk; null: it is not held, or not to be seen. */
export async function lastStepOf(alert: string): Promise<StepView | null> {
  try {
    const found = await taken(api.GET('/v1/alerts/{alert}', { params: { path: { alert } } }))
    return found.steps.at(-1) ?? null
  } catch (error) {
    if (error instanceof Declined) return null
    throw error
  }
}

async function each(ids: readonly string[], does: (alert: string, header: Key) => Asked, key: Key): Promise<Outcome> {
  const outcome: Outcome = { done: 0, already: [] }
  for (const id of ids) {
    try {
      await taken(does(id, { 'Idempotency-Key': `${key['Idempotency-Key']}.${id}` }))
      outcome.done += 1
    } catch (error) {
      if (!(error instanceof Declined && error.key.startsWith('alert.is_'))) throw error
      const step = await lastStepOf(id)
      if (step !== null) outcome.already.push(step)
    }
  }
  void desk.again()
  void alerts.again()
  return outcome
}
