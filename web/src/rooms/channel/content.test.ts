import { describe, expect, it } from 'vitest'
import { countText, decimalText, factText, numberOf, type PlaceFact } from './content'

describe('a fact', () => {
  it('keeps a count as the range that was said', () => {
    const count = (low: number, high: number | null): string => countText({ is: 'count', name: 'n', low, high })
    expect([count(20, 27), count(4, 4), count(60, null)]).toEqual(['20-27', '4', '60+'])
  })
  it('has as many digits as it was written with', () => {
    const place: PlaceFact = { is: 'place', name: 'seen', lat_e7: 336000000, lon_e7: -386000000, accuracy_mm: 7231, as_entered: '' }
    expect(decimalText(place)).toBe('33.6000N 38.6000W')
    expect(decimalText({ ...place, accuracy_mm: 723 })).toBe('33.60000N 38.60000W')
  })
  it('is written as somebody would write it', () => {
    expect(factText({ is: 'time', name: 'by', at_us: Date.parse('2026-11-29T04:56:00Z') * 1000, zone: 'UTC' })).toBe('2026-11-29T04:56:00Z')
  })
})

describe('the number of a message', () => {
  it('is twelve digits in groups of four', () => {
    expect(numberOf('912bfd3a99c56487')).toBe('912b fd3a 99c5')
  })
})
