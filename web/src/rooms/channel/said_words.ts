/** The words of this room for what the node says by key: markers, acts, kinds of facts, findings, languages. */
import { known, locale, say } from '../../words/words.svelte'
import type { IconName } from '../../parts/icons'
import type { Remark } from './draft'

const orAsIs = (key: string, otherwise: string): string => (known(key) ? say(key) : otherwise)

export const markerWord = (marker: string): string => orAsIs(`channel.marker.${marker}`, marker)
export const urgencyWord = (urgency: string): string => orAsIs(`channel.urgency.${urgency}`, urgency)
export const actWord = (act: string): string => orAsIs(`act.${act}`, act)
export const meansWord = (means: string): string => orAsIs(`channel.means.${means}`, means)
export const verdictWord = (verdict: string): string => orAsIs(`channel.verdict.${verdict}`, verdict)

/** A fact by its name, where it is one that templates use; undefined where it is somebody's own. */
export function factWord(name: string): string | undefined {
  const key = `channel.fact.${name}`
  return known(key) ? say(key) : undefined
}

export const MARKERS = ['information', 'intention', 'warning', 'advice', 'request', 'question', 'answer', 'demand'] as const
export const URGENCIES = ['now', 'soon', 'routine'] as const

export function urgencyTone(urgency: string): 'now' | 'soon' | 'plain' {
  return urgency === 'now' || urgency === 'soon' ? urgency : 'plain'
}

export function urgencyIcon(urgency: string): IconName {
  return urgency === 'now' ? 'now' : urgency === 'soon' ? 'soon' : 'note'
}

/** What a language is called in the language of whoever reads. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames([locale()], { type: 'language', fallback: 'code' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

export function metres(m: number): string {
  const format = (value: number, digits: number): string => new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)
  return m < 10_000 ? say('channel.m', { m: format(m, m < 10 ? 1 : 0) }) : say('channel.km', { km: format(m / 1000, 1) })
}

/** A finding in words of the console; undefined where there are none for it. */
export function findingWords(remark: Remark): string | undefined {
  if (remark.severity === 'refused' && known(`refused.${remark.key}`)) return say(`channel.refused.${remark.key}`)
  const key = `finding.${remark.key}`
  if (!known(key) || remark.params === undefined) return undefined
  const values: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(remark.params)) {
    if (typeof value === 'number') values[name] = name.endsWith('_m') ? metres(value) : value
    else if (typeof value === 'string') values[name] = value
  }
  if (remark.key === 'place.suspicion' && typeof remark.params['which'] === 'string') {
    values['doubt'] = orAsIs(`finding.doubt.${remark.params['which']}`, remark.params['which'])
  }
  if (remark.key === 'date.weekday' && typeof remark.params['weekday_number'] === 'number') {
    values['weekday'] = new Intl.DateTimeFormat(locale(), { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2024, 0, remark.params['weekday_number']))
  }
  if (typeof remark.params['language'] === 'string') values['language'] = languageName(remark.params['language'])
  try {
    return say(key, values)
  } catch {
    return undefined
  }
}

/** How a word was carried that no link carried. */
export const MEANS = ['voice', 'radio', 'paper', 'folder'] as const

/** So much the node takes of words. */
export const WORDS_MAX = 2000

/** That no more fits in a field of words; "" where more does. */
export function fullWords(words: string): string {
  return words.length >= WORDS_MAX ? say('channel.full', { limit: WORDS_MAX }) : ''
}
