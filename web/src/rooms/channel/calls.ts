/** Attempts to talk, made of the moments that people noted; in what state each is, and whose act a moment is. */
import type { Moment } from '../../api/schema'

export const HAPPENED = ['unanswered', 'wrong_number', 'refused', 'message_left', 'answered', 'on_hold', 'off_hold', 'hung_up', 'ended'] as const
export type Happened = (typeof HAPPENED)[number]

export interface Attempt {
  id: string
  moments: Moment[]
  caller: string
  called: string
  line: string
  /** When the call was due that it is for; null: for none. */
  forUs: number | null
  state: 'trying' | 'talking' | 'holding' | 'over'
  /** Since when somebody is kept waiting, microseconds. */
  holdSinceUs: number | null
  wasAnswered: boolean
}

/** All attempts, the newest first. */
export function attemptsOf(moments: readonly Moment[]): Attempt[] {
  const by = new Map<string, Moment[]>()
  for (const moment of [...moments].sort((a, b) => a.at_us - b.at_us)) by.set(moment.attempt, [...(by.get(moment.attempt) ?? []), moment])
  return [...by].map(([id, some]) => attemptOf(id, some)).sort((a, b) => b.moments[0]!.at_us - a.moments[0]!.at_us)
}

function attemptOf(id: string, moments: Moment[]): Attempt {
  const first = moments[0]!
  let state: Attempt['state'] = 'trying'
  let holdSinceUs: number | null = null
  for (const moment of moments) {
    state = after(moment.happened as Happened)
    holdSinceUs = state === 'holding' ? (holdSinceUs ?? moment.at_us) : null
  }
  return {
    id, moments, caller: first.caller, called: first.called, line: first.line, forUs: first.for_us ?? null, state, holdSinceUs,
    wasAnswered: moments.some((moment) => moment.happened === 'answered'),
  } // prettier-ignore
}

function after(happened: Happened): Attempt['state'] {
  if (happened === 'on_hold') return 'holding'
  return happened === 'answered' || happened === 'off_hold' ? 'talking' : 'over'
}

/** What can be noted next of an attempt. */
export function nextOf(state: Attempt['state']): readonly Happened[] {
  if (state === 'trying') return ['answered', 'unanswered', 'refused', 'wrong_number', 'message_left', 'on_hold']
  if (state === 'talking') return ['on_hold', 'ended', 'hung_up']
  return state === 'holding' ? ['off_hold', 'ended', 'hung_up'] : []
}

/** Whose act it is: to let it ring in vain is one of who called. `other`: whose it is where it may be of either. */
export function doer(happened: Happened, caller: string, called: string, other: string): string {
  if (happened === 'answered' || happened === 'refused') return called
  return happened === 'unanswered' || happened === 'wrong_number' || happened === 'message_left' ? caller : other
}
