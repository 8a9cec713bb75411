import { expect, test } from 'vitest'
import type { TrackView } from '../api/schema'
import { ASSUMED, CLOSE, INSIDE, Picture } from './picture'

const track = (subject: string, more: Partial<TrackView> = {}): TrackView => ({
  subject, seen_at: '2026-05-18T10:00:00Z', known_at: '2026-05-18T10:00:02Z', lat: 33.5, lon: 38.6, is_area: false, error_m: null, height_m: null,
  speed_mps: null, course_deg: null, source: 'Harbour patrol', party: '', feeds: ['patrols'], names: [], ...more,
}) // prettier-ignore

test('a picture has what was reported, and says what was not', () => {
  const picture = new Picture()
  picture.takeTracks([track('t-1', { party: 'Bravo', error_m: 40 }), track('t-2')], 1)
  expect(picture.count).toBe(2)
  expect(picture.parties.textOf(picture.party[picture.rowOf('t-1')]!)).toBe('Bravo')
  expect(picture.error[picture.rowOf('t-1')]).toBe(40)
  expect(picture.party[picture.rowOf('t-2')]).toBe(-1)
  expect(picture.error[picture.rowOf('t-2')]).toBeNaN()
  expect(picture.flags[picture.rowOf('t-2')]! & ASSUMED).toBe(ASSUMED)
})

test('a track that leaves takes no other with it', () => {
  const picture = new Picture()
  picture.takeTracks(['a', 'b', 'c'].map((subject, i) => track(subject, { lat: i })), 1) // prettier-ignore
  picture.remove('a')
  picture.remove('nobody')
  expect(picture.count).toBe(2)
  expect(picture.rowOf('a')).toBe(-1)
  expect(picture.lat[picture.rowOf('b')]).toBe(1)
  expect(picture.lat[picture.rowOf('c')]).toBe(2)
})

test('there is room for as many as come', () => {
  const picture = new Picture()
  picture.takeTracks(Array.from({ length: 5_000 }, (_, i) => track(`t-${i}`, { lat: i / 100 })), 1) // prettier-ignore
  expect(picture.count).toBe(5_000)
  expect(picture.lat[picture.rowOf('t-4999')]).toBeCloseTo(49.99)
})

test('who is in or near a zone is marked, and nobody else any more', () => {
  const picture = new Picture()
  picture.takeTracks([track('in'), track('near')], 1)
  picture.takePresence([{ subject: 'in', state: 'inside' }, { subject: 'near', state: 'close' }]) // prettier-ignore
  expect(picture.flags[picture.rowOf('in')]! & INSIDE).toBe(INSIDE)
  picture.takePresence([{ subject: 'near', state: 'close' }])
  expect(picture.flags[picture.rowOf('in')]! & INSIDE).toBe(0)
  expect(picture.flags[picture.rowOf('near')]! & CLOSE).toBe(CLOSE)
})

test('whoever draws it hears of a change until they look no more', () => {
  const picture = new Picture()
  let heard = 0
  const end = picture.onChange(() => heard++)
  picture.takeTracks([], 1)
  end()
  picture.takeTracks([], 2)
  expect(heard).toBe(1)
})
