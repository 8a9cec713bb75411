/** Instants and spans in words, by `Intl`. Everything is UTC unless it says otherwise. */
import { locale, say } from '../words/words.svelte'

const made = new Map<string, Intl.DateTimeFormat>()
function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale()} ${zone} ${JSON.stringify(options)}`
  let found = made.get(key)
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locale(), { timeZone: zone, hourCycle: 'h23', ...options })
    made.set(key, found)
  }
  return found
}

/** The zone of this browser. */
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** "14:05:09" in a zone. */
export function timeOf(ms: number, zone = 'UTC', seconds = true): string {
  return format(zone, { hour: '2-digit', minute: '2-digit', ...(seconds ? { second: '2-digit' } : {}) }).format(ms)
}

/** "29 Nov" in a zone; with the year where it is another. */
export function dayOf(ms: number, now: number, zone = 'UTC'): string {
  const year = new Date(ms).getUTCFullYear() !== new Date(now).getUTCFullYear()
  return format(zone, { day: 'numeric', month: 'short', ...(year ? { year: 'numeric' } : {}) }).format(ms)
}

/** Whether two instants are of one day in a zone. */
export function sameDay(a: number, b: number, zone = 'UTC'): boolean {
  return dayOf(a, b, zone) === dayOf(b, b, zone)
}

/** "5 min", "2 h 10 min", "3 d 4 h": whole units, rounded down, never negative. */
export function spanOf(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  if (s < 60) return say('parts.span.s', { s })
  const min = Math.floor(s / 60)
  if (min < 60) return say('parts.span.min', { min })
  const h = Math.floor(min / 60)
  if (h < 24) return say('parts.span.h_min', { h, min: min % 60 })
  return say('parts.span.d_h', { d: Math.floor(h / 24), h: h % 24 })
}
