/**
 * What the console says, in the language of whoever reads: ICU messages by key, with parameters.
 *
 *     say('watch.open', { count: 3 })
 *
 * A key that is missing in a language ends the build (scripts/check_words.mjs); one that a node names and this console has never
 * heard of is asked for with `known`, and then shown as it is.
 */
import { IntlMessageFormat } from 'intl-messageformat'

export const LANGUAGES = ['en', 'ar', 'ru'] as const
export type Language = (typeof LANGUAGES)[number]
export type Values = Record<string, string | number | boolean | Date | null | undefined>

/** What each language calls itself. */
export const OWN_NAMES: Record<Language, string> = { en: 'English', ar: 'العربية', ru: 'Русский' }

type Catalogue = Readonly<Record<string, string>>
const loaders: Record<Language, () => Promise<{ catalogue: Catalogue }>> = {
  en: () => import('./en'),
  ar: () => import('./ar'),
  ru: () => import('./ru'),
}

let language = $state<Language>('en')
let catalogue = $state.raw<Catalogue>({})
let formats = new Map<string, IntlMessageFormat>()

/** Speaks this language from now on; the page turns with it. */
export async function speak(next: Language): Promise<void> {
  const loaded = await loaders[next]()
  formats = new Map()
  catalogue = loaded.catalogue
  language = next
  document.documentElement.lang = next
  document.documentElement.dir = direction(next)
}

/** The language that is spoken now. */
export function spoken(): Language {
  return language
}

/** For `Intl`: Western digits in every language, as in coordinates and times of the other side. */
export function locale(): string {
  return language === 'ar' ? 'ar-u-nu-latn' : language === 'en' ? 'en-GB' : language
}

/** Which way a language is read. */
export function direction(of: string): 'ltr' | 'rtl' {
  return /^(ar|fa|he|ur|ps|ckb|dv|yi)\b/.test(of) ? 'rtl' : 'ltr'
}

/** Whether there are words for a key that a node has named. */
export function known(key: string): boolean {
  return key in catalogue
}

/** What somebody else wrote, as a parameter of a sentence of ours. */
export interface Theirs {
  theirs: string
}
/** A sentence in pieces: our own words, and what somebody else wrote; the latter is shown through `Said`. */
export type Piece = string | Theirs

/** The sentence of a key with its parameters. */
export function say(key: string, values?: Values): string {
  return catalogue[key] === undefined ? key : String(format(key).format(values as Record<string, string | number>))
}

/** The same in pieces, with what somebody else wrote kept apart from our own words. */
export function sayPieces(key: string, values: Readonly<Record<string, string | number | boolean | Theirs | null>>): Piece[] {
  if (catalogue[key] === undefined) return [key]
  const parts = format(key).formatToParts<Theirs>(values as Record<string, string | number | Theirs>)
  return parts.map((part) => (typeof part.value === 'object' && part.value !== null && 'theirs' in part.value ? part.value : String(part.value)))
}

function format(key: string): IntlMessageFormat {
  let found = formats.get(key)
  if (found === undefined) {
    found = new IntlMessageFormat(catalogue[key] ?? key, locale(), undefined, { ignoreTag: true })
    formats.set(key, found)
  }
  return found
}
