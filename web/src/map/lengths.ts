/** Lengths in words, in every unit at once or in the chosen one; a mile is never bare. */
import type { Unit } from '../state/preferences.svelte'
import { locale, say } from '../words/words.svelte'
import { METRES } from './earth'

function digits(value: number, most: number): string {
  const decimals = value === 0 ? 0 : Math.max(0, Math.min(3, most - 1 - Math.floor(Math.log10(Math.abs(value)))))
  return new Intl.NumberFormat(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value)
}

/** "12.34 km": with so many digits that count. */
export function lengthIn(metres: number, unit: Unit, most = 4): string {
  return say(`map.length.${unit}`, { length: digits(metres / METRES[unit], most) })
}

/** Metres while they are few, and else the chosen unit. */
export function lengthSaid(metres: number, unit: Unit, most = 3): string {
  if (unit === 'km' && metres < 1000) return say('map.length.m', { length: digits(metres, most) })
  return lengthIn(metres, unit, most)
}

export function bearingSaid(degrees: number): string {
  return say('map.bearing', { degrees: String(Math.round(degrees) % 360).padStart(3, '0') })
}

/** The longest round length that takes at most so many pixels, and how many it takes. */
export function scaleOf(metresOfPixel: number, pixelsMax: number, unit: Unit): { metres: number; px: number } {
  const most = (metresOfPixel * pixelsMax) / METRES[unit]
  const ten = 10 ** Math.floor(Math.log10(most))
  const round = [5, 2, 1].find((step) => step * ten <= most) ?? 1
  const metres = round * ten * METRES[unit]
  return { metres, px: metres / metresOfPixel }
}
