/** A message as its id stands for it, and the facts in it: what `MessageWhole.content` is. */
import type { MessageWhole, Words } from '../../api/schema'

export interface PlaceFact {
  is: 'place'
  name: string
  lat_e7: number
  lon_e7: number
  accuracy_mm: number
  as_entered: string
  called?: string
}
export interface TimeFact {
  is: 'time'
  name: string
  at_us: number
  zone: string
}
export interface CountFact {
  is: 'count'
  name: string
  low: number
  high: number | null
  as_entered?: string
}
export interface WordFact {
  is: 'word'
  name: string
  text: string
}
export type Fact = PlaceFact | TimeFact | CountFact | WordFact

export interface TranslationText {
  language: string
  text: string
  by: string
  reviewed_by: string
}

export interface Content {
  sender: string
  to: string
  addressee: string
  author: string
  marker: string
  urgency: string
  original: Words
  translations: TranslationText[]
  facts: Fact[]
  attachments: { name: string; media_type: string; digest: string; byte_count: number }[]
  about: { kind: string; id: string }
  answers: string
  supersedes: string
  written_at_us: number
  valid_until_us: number
  reply_due_us: number | null
  exercise: boolean
}

export function contentOf(whole: MessageWhole): Content {
  return whole.content as Content
}

/** "20-27", "60+", "4": a range stays one. */
export function countText(fact: CountFact): string {
  if (fact.high === null) return `${fact.low}+`
  return fact.low === fact.high ? String(fact.low) : `${fact.low}-${fact.high}`
}

/** A fact as somebody would write it. */
export function factText(fact: Fact): string {
  if (fact.is === 'place') return fact.as_entered
  if (fact.is === 'time') return new Date(fact.at_us / 1000).toISOString().replace('.000Z', 'Z')
  return fact.is === 'count' ? fact.as_entered || countText(fact) : fact.text
}

/** Degrees with the digits that they were written with. */
export function decimalText(fact: PlaceFact): string {
  const digits = Math.min(6, Math.max(0, Math.round(Math.log10(78_000_000 / Math.max(fact.accuracy_mm, 1)))))
  const [lat, lon] = [fact.lat_e7 / 1e7, fact.lon_e7 / 1e7]
  return `${Math.abs(lat).toFixed(digits)}${lat < 0 ? 'S' : 'N'} ${Math.abs(lon).toFixed(digits)}${lon < 0 ? 'W' : 'E'}`
}

/** The first twelve digits, in groups of four, as a sheet has them. */
export function numberOf(id: string): string {
  return (id.slice(0, 12).match(/.{1,4}/g) ?? []).join(' ')
}
