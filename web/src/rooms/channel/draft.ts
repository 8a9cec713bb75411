/** What somebody is writing: as it stands in the form, as the node takes it, and as this browser keeps it until it is sent. */
import { freshKey } from '../../api/client'
import type { FindingView, MessageDraft } from '../../api/schema'
import type { Content, Fact } from './content'
import { factText } from './content'
import { instantOf, spokenOf } from './instants'

export type FactKind = Fact['is']

/** A fact in the form. `text`: place, count or word as written; `date`, `time`, `zone`: of a time. `id` is of this row only. */
export interface FactRow {
  id: number
  is: FactKind
  name: string
  text: string
  called: string
  date: string
  time: string
  zone: string
}

export interface TextRow {
  language: string
  text: string
  by: string
  reviewed_by: string
  /** The original was changed after it. */
  old: boolean
}

export interface Draft {
  to: string
  addressee: string
  marker: string
  urgency: string
  language: string
  text: string
  translations: TextRow[]
  facts: FactRow[]
  about: { kind: string; id: string }
  answers: string
  supersedes: string
  reply_within: string
  valid_for: string
  meant: string[]
  here: string
  there: string
  /** Made with the draft, and the same in every tab that has it: under it one message goes, however often and wherever it is tried. */
  key: string
  /** Somebody has sent it, and no answer came yet. */
  tried: boolean
}

/** Within which an answer is asked for, and how long a message stands, where nobody says another. */
export const SPANS = { reply_within: '30 min', valid_for: '6 h' }

/** Who the templates of the node say has translated. */
export const TEMPLATE_TRANSLATOR = 'template of Keepclear'

let rows = 1
export function emptyRow(is: FactKind, name: string, zone: string): FactRow {
  return { id: rows++, is, name, text: '', called: '', date: '', time: '', zone }
}

export function emptyDraft(to: string, addressee: string, language: string, here: string, there: string): Draft {
  return {
    to, addressee, marker: 'information', urgency: 'routine', language, text: '', translations: [], facts: [], about: { kind: '', id: '' }, answers: '',
    supersedes: '', ...SPANS, meant: [], here, there, key: freshKey(), tried: false,
  } // prettier-ignore
}

/** A draft of the node as it stands in the form. */
export function draftOf(given: MessageDraft, kept: Pick<Draft, 'reply_within' | 'valid_for'>): Draft {
  return {
    to: given.to, addressee: given.addressee ?? '', marker: given.marker, urgency: given.urgency ?? 'routine', language: given.language ?? 'en',
    text: given.text, here: given.here ?? 'UTC', there: given.there ?? 'UTC',
    translations: (given.translations ?? []).map((one) => ({ language: one.language, text: one.text, by: one.by, reviewed_by: one.reviewed_by ?? '', old: false })),
    facts: (given.facts ?? []).map(rowOf),
    about: { kind: given.about?.kind ?? '', id: given.about?.id ?? '' },
    answers: given.answers ?? '', supersedes: given.supersedes ?? '', ...kept, meant: [], key: freshKey(), tried: false,
  } // prettier-ignore
}

type Given = NonNullable<MessageDraft['facts']>[number]

function rowOf(given: Given): FactRow {
  const row = emptyRow(given.is as FactKind, given.name, 'UTC')
  if (given.is === 'time') return { ...row, ...spokenOf(Date.parse(given.at), given.zone ?? 'UTC') }
  return { ...row, text: given.text, called: given.is === 'place' ? (given.called ?? '') : '' }
}

/** A message said again, to be corrected: the same, with what it stands in place of. */
export function correctionOf(id: string, content: Content, here: string, there: string): Draft {
  return {
    ...emptyDraft(content.to, content.addressee, content.original.language, here, there),
    marker: content.marker, urgency: content.urgency, text: content.original.text,
    translations: content.translations.map((one) => ({ ...one, old: false })),
    facts: content.facts.map((fact) => rowOfFact(fact)),
    about: { ...content.about }, answers: content.answers, supersedes: id,
  } // prettier-ignore
}

function rowOfFact(fact: Fact): FactRow {
  const row = emptyRow(fact.is, fact.name, 'UTC')
  if (fact.is === 'time') return { ...row, ...spokenOf(fact.at_us / 1000, fact.zone) }
  return { ...row, text: factText(fact), called: fact.is === 'place' ? (fact.called ?? '') : '' }
}

/** Rows to be filled by whoever reads back: the names and kinds of what was said, and nothing of it. */
export function blankRows(facts: readonly Fact[], zone: string): FactRow[] {
  return facts.map((fact) => emptyRow(fact.is, fact.name, zone))
}

/** Facts as the node takes them. What is not filled is left out where `filled`, which a read-back shows as missing. */
export function givenOf(some: readonly FactRow[], filled = false): Given[] {
  return some.filter((row) => !filled || isFilled(row)).map(given)
}

export function isFilled(row: FactRow): boolean {
  return row.is === 'time' ? row.date !== '' && row.time.trim() !== '' : row.text.trim() !== ''
}

function given(row: FactRow): Given {
  if (row.is === 'time') {
    const ms = instantOf(row)
    const at = ms === undefined ? `${row.date} ${row.time}`.trim() : new Date(ms).toISOString().replace('.000Z', 'Z')
    return { is: 'time', name: row.name, at, zone: row.zone }
  }
  if (row.is === 'place') return { is: 'place', name: row.name, text: row.text.trim(), called: row.called.trim() }
  return { is: row.is, name: row.name, text: row.text.trim() }
}

/** The body of a request. */
export function bodyOf(draft: Draft): MessageDraft {
  return {
    to: draft.to, addressee: draft.addressee, marker: draft.marker as MessageDraft['marker'], urgency: draft.urgency as NonNullable<MessageDraft['urgency']>,
    language: draft.language, text: draft.text,
    translations: draft.translations.filter((one) => one.text.trim() !== '').map(({ language, text, by, reviewed_by }) => ({ language, text, by, reviewed_by })),
    facts: givenOf(draft.facts), about: draft.about, answers: draft.answers, supersedes: draft.supersedes, reply_within: draft.reply_within.trim(),
    valid_for: draft.valid_for.trim(), meant: draft.meant, here: draft.here, there: draft.there,
  } as MessageDraft // prettier-ignore
}

// --- what was found ---

/** Something at a field: found by the check, or why the node cannot take it. */
export interface Remark {
  key: string
  severity: 'stops' | 'asks' | 'refused'
  path: string
  text: string
  params: Record<string, unknown> | undefined
  mend: string
  value: string
}

export function remarkOf(finding: FindingView): Remark {
  const params = (finding as { params?: Record<string, unknown> }).params
  return { key: finding.key, severity: finding.severity === 'stops' ? 'stops' : 'asks', path: finding.path, text: finding.text, params, mend: '', value: '' }
}

/** The field of the form that a remark belongs to: text, translation 0, fact 2, facts, reply, valid, to, or form. */
export function fieldOf(path: string): string {
  const place = /^\$\.(translations|facts)\[(\d+)\]/.exec(path)
  if (place) return `${place[1] === 'facts' ? 'fact' : 'translation'} ${place[2]}`
  if (/^\$\.(original|text|language)\b/.test(path)) return 'text'
  if (path.startsWith('$.facts')) return 'facts'
  if (/^\$\.reply_/.test(path)) return 'reply'
  if (/^\$\.valid_/.test(path)) return 'valid'
  if (/^\$\.(to|addressee)\b/.test(path)) return 'to'
  return 'form'
}

/** What still stands in the way: all that was refused, and all that was found and is not meant. */
export function standing(remarks: readonly Remark[], meant: readonly string[]): Remark[] {
  return remarks.filter((one) => one.severity === 'refused' || !meant.includes(one.key))
}

// --- kept in this browser ---

const PREFIX = 'keepclear.draft.'

function keyOf(user: string, place: string): string {
  return `${PREFIX}${user}.${place}`
}

/** What this browser keeps of what somebody was writing there; undefined where it is nothing. */
export function kept(user: string, place: string): Draft | undefined {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(keyOf(user, place)) ?? 'null')
    if (typeof found !== 'object' || found === null || !('facts' in found)) return undefined
    const draft = found as Draft
    if (sentAs(user, draft.key) !== undefined) return undefined
    // One that was kept before drafts had a key of their own had it from when it was tried.
    const as = { key: draft.key || freshKey(), tried: draft.tried ?? draft.key !== '' }
    return { ...draft, ...as, facts: draft.facts.map((row) => ({ ...row, id: rows++ })) }
  } catch {
    return undefined
  }
}

/** Keeps it; false where this browser keeps nothing. */
export function keep(user: string, place: string, draft: Draft): boolean {
  try {
    localStorage.setItem(keyOf(user, place), JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

// --- what became of drafts, for the other tabs that have them ---

const SENT_MAX = 50
const sentKey = (user: string): string => `keepclear.sent.${user}`

function allSent(user: string): [string, string][] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(sentKey(user)) ?? '[]')
    return Array.isArray(found) ? (found as [string, string][]) : []
  } catch {
    return []
  }
}

/** The message that a draft has become in any tab of this browser; undefined where it is none. */
export function sentAs(user: string, key: string): string | undefined {
  return allSent(user).find(([sent]) => sent === key)?.[1]
}

/** Says so to the other tabs, of the newest drafts. */
export function noteSent(user: string, key: string, message: string): void {
  try {
    localStorage.setItem(sentKey(user), JSON.stringify([...allSent(user), [key, message]].slice(-SENT_MAX)))
  } catch {
    // The node still knows the key, and answers with the first message.
  }
}

export function forget(user: string, place: string): void {
  try {
    localStorage.removeItem(keyOf(user, place))
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}
