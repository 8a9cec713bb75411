/** How somebody likes to work: kept in this browser, and nowhere else. */
import { LANGUAGES, speak, type Language } from '../words/words.svelte'

export const THEMES = ['auto', 'light', 'dark', 'night'] as const
export const NOTATIONS = ['decimal', 'dms', 'dm', 'mgrs', 'utm'] as const
export const UNITS = ['km', 'mi', 'nmi'] as const
export type Theme = (typeof THEMES)[number]
export type Notation = (typeof NOTATIONS)[number]
export type Unit = (typeof UNITS)[number]

export interface Preferences {
  language: Language
  theme: Theme
  notation: Notation
  unit: Unit
  sound: boolean
  notifications: boolean
  /** Whether single letters do something, as `a` for acknowledging. */
  keys: boolean
}

const KEY = 'keepclear.preferences'
export const preferences = $state<Preferences>({
  language: 'en',
  theme: 'auto',
  notation: 'decimal',
  unit: 'km',
  sound: true,
  notifications: false,
  keys: true,
})

/** Takes what this browser has kept, or what it says of its user. */
export function begin(): Preferences {
  const kept = read()
  const spoken = navigator.languages.map((tag) => tag.slice(0, 2))
  const guessed = spoken.find((tag) => (LANGUAGES as readonly string[]).includes(tag)) as Language | undefined
  preferences.language = among(LANGUAGES, kept['language'], guessed ?? 'en')
  preferences.theme = among(THEMES, kept['theme'], 'auto')
  preferences.notation = among(NOTATIONS, kept['notation'], 'decimal')
  preferences.unit = among(UNITS, kept['unit'], 'km')
  preferences.sound = kept['sound'] !== false
  preferences.notifications = kept['notifications'] === true
  preferences.keys = kept['keys'] !== false
  document.documentElement.dataset['theme'] = preferences.theme
  return preferences
}

/** Changes what is given, and keeps it. */
export async function prefer(change: Partial<Preferences>): Promise<void> {
  Object.assign(preferences, change)
  document.documentElement.dataset['theme'] = preferences.theme
  try {
    localStorage.setItem(KEY, JSON.stringify($state.snapshot(preferences)))
  } catch {
    // A browser that keeps nothing: it is as asked until the page is closed.
  }
  if (change.language) await speak(change.language)
}

function read(): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function among<T extends string>(choices: readonly T[], given: unknown, otherwise: T): T {
  return choices.includes(given as T) ? (given as T) : otherwise
}
