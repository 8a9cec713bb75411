import { describe, expect, it } from 'vitest'
import { faultOf, instantOf, spokenOf } from './instants'

describe('an instant as people say it', () => {
  it('is the one of the zone in which it was spoken', () => {
    expect(instantOf({ date: '2017-05-18', time: '12:00', zone: 'Asia/Damascus' })).toBe(Date.parse('2017-05-18T09:00:00Z'))
    expect(instantOf({ date: '2026-11-29', time: '0405', zone: 'UTC' })).toBe(Date.parse('2026-11-29T04:05:00Z'))
  })
  it('comes back as it was said, with seconds only where there are some', () => {
    const spoken = { date: '2026-11-29', time: '23:30', zone: 'Asia/Damascus' }
    expect(spokenOf(instantOf(spoken)!, 'Asia/Damascus')).toEqual(spoken)
    expect(spokenOf(Date.parse('2026-11-29T04:05:07Z'), 'UTC').time).toBe('04:05:07')
  })
  it('is none where clocks skip an hour, and none where they show it twice', () => {
    expect(faultOf({ date: '2026-03-29', time: '02:30', zone: 'Europe/Berlin' })).toBe('no_such')
    expect(faultOf({ date: '2026-10-25', time: '02:30', zone: 'Europe/Berlin' })).toBe('no_such')
    expect(instantOf({ date: '2026-10-25', time: '02:30', zone: 'UTC' })).toBeDefined()
  })
  it('is none on a day that there is not, and none at 25 hours', () => {
    expect(faultOf({ date: '2026-02-30', time: '10:00', zone: 'UTC' })).toBe('unreadable')
    expect(faultOf({ date: '2026-02-20', time: '25:00', zone: 'UTC' })).toBe('unreadable')
    expect(faultOf({ date: '', time: '10:00', zone: 'UTC' })).toBe('missing')
  })
})
