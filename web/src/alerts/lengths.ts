/** Lengths and spans of time in alerts: rounded for people, in the chosen unit. */
import { preferences } from '../state/preferences.svelte'
import { locale, say } from '../words/words.svelte'

const METRES = { km: 1_000, mi: 1_609.344, nmi: 1_852 } as const

function digits(value: number, decimals: number): string {
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value)
}

/** "340 m", "5.2 km", "2.8 nmi": never negative. Metres while they are few, whatever the unit. */
export function lengthSaid(metres: number): string {
  const length = Math.abs(metres)
  if (length < 0.995) return say('alert.length.cm', { length: digits(100 * length, 0) })
  if (length < 999.5) return say('alert.length.m', { length: digits(length, 0) })
  const inUnit = length / METRES[preferences.unit]
  return say(`alert.length.${preferences.unit}`, { length: digits(inUnit, inUnit < 99.95 ? 1 : 0) })
}

/** "35 s", "12 min", "3 h 5 min", "2 d": rounded. */
export function spanSaid(seconds: number): string {
  const s = Math.round(Math.max(0, seconds))
  if (s < 120) return say('parts.span.s', { s })
  const minutes = Math.round(s / 60)
  if (minutes < 120) return say('parts.span.min', { min: minutes })
  const [h, min] = [Math.floor(minutes / 60), minutes % 60]
  if (h < 48) return min === 0 ? say('alert.span.h', { h }) : say('parts.span.h_min', { h, min })
  const hours = Math.round(minutes / 60)
  const d = Math.floor(hours / 24)
  return hours % 24 === 0 ? say('alert.span.d', { d }) : say('parts.span.d_h', { d, h: hours % 24 })
}
