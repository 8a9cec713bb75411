import { expect, test } from 'vitest'
import type { TrackView } from '../api/schema'
import { downOf } from './earth'
import { AREA, ASSUMED, CLOSE, INSIDE, isSameCount, Picture, type Frame } from './picture'

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
  picture.takePresence([{ subject: 'in', zone: 'kestrel-pass', state: 'inside' }, { subject: 'near', zone: 'kestrel-pass', state: 'close' }]) // prettier-ignore
  expect(picture.flags[picture.rowOf('in')]! & INSIDE).toBe(INSIDE)
  picture.takePresence([{ subject: 'near', zone: 'kestrel-pass', state: 'close' }])
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

const frame = (more: Partial<Frame>): Frame => ({ whole: false, at: 1_779_100_000_000, known_at: 1_779_100_000_000, size: 10, assumed_error_m: 50, ...more })
const two: Frame = frame({
  whole: true,
  about: {
    track: [0, 1], subject: ['t-1', 't-2'], names: [[{ name: 'Convoy East', feed: 'patrols', source: 'Harbour patrol' }], []], party: ['Bravo', ''], attributed_by: ['', ''], confidence: [null, null], grading: ['', ''],
    source: ['Harbour patrol', 'Harbour patrol'], feeds: [['patrols'], ['patrols']], count: [{ low: 20, high: 40, as_entered: 'some dozens' }, null],
  },
  moved: {
    track: [0, 1], lat: [33.5, 33.6], lon: [38.6, 38.7], error_m: [40, null], seen_at: [1, 2], known_at: [3, 4], height_m: [null, null], datum: ['', ''],
    speed_mps: [12, null], course_deg: [90, null],
  },
  standing: { track: [0], zones: [{ 'kestrel-pass': 'inside' }] },
}) // prettier-ignore

test('a whole picture of the stream is taken in place of what was', () => {
  const picture = new Picture()
  picture.takeTracks([track('old')], 1)
  picture.takeFrame(two)
  expect(picture.count).toBe(2)
  const row = picture.rowOf('t-1')
  expect(picture.names[row]).toBe('Convoy East')
  expect(picture.counts.textOf(picture.strength[row]!)).toBe('20–40')
  expect(picture.countWords.textOf(picture.strengthWords[row]!)).toBe('some dozens')
  expect(picture.flags[row]! & INSIDE).toBe(INSIDE)
  expect(picture.flags[picture.rowOf('t-2')]! & ASSUMED).toBe(ASSUMED)
  expect(picture.assumedErrorM).toBe(50)
})

test('of what has changed nothing else is touched', () => {
  const picture = new Picture()
  picture.takeFrame(two)
  const one = { error_m: [null], known_at: [5], height_m: [null], datum: [''], speed_mps: [null], course_deg: [null] }
  picture.takeFrame(frame({ moved: { track: [1], lat: [34], lon: [39], seen_at: [5], ...one }, standing: { track: [0], zones: [{}] } }))
  expect(picture.lat[picture.rowOf('t-2')]).toBe(34)
  expect(picture.lat[picture.rowOf('t-1')]).toBe(33.5)
  expect(picture.flags[picture.rowOf('t-1')]! & INSIDE).toBe(0)
  expect(picture.standing.size).toBe(0)
})

test('who is gone goes, and a number that comes again is somebody who is told anew', () => {
  const picture = new Picture()
  picture.takeFrame(two)
  picture.takeFrame(frame({ gone: [0] }))
  expect(picture.rowOf('t-1')).toBe(-1)
  expect(picture.lat[picture.rowOf('t-2')]).toBe(33.6)
})

test('an area is drawn as one until a report names a point again', () => {
  const picture = new Picture()
  picture.takeFrame(two)
  picture.takeFrame(frame({ areas: { track: [1], area: [{ kind: 'sector', lat: 33.5, lon: 38.6, radius_m: 2_000, from_deg: 300, to_deg: 60 }] } }))
  expect(picture.areas.get('t-2')).toHaveLength(1)
  // Amid the sector, north of the place that it is measured from.
  expect(picture.down[picture.rowOf('t-2')]!).toBeLessThan(downOf(33.505))
  expect(picture.flags[picture.rowOf('t-2')]! & (AREA | ASSUMED)).toBe(AREA)
  picture.takeFrame(frame({ moved: two.moved! }))
  expect(picture.areas.size).toBe(0)
  expect(picture.flags[picture.rowOf('t-2')]! & AREA).toBe(0)
})

test('a number is not told twice, and other words for it are told', () => {
  expect(['12-15', '12 – 15', '12–15'].map((words) => isSameCount('12–15', words))).toEqual([true, true, true])
  expect(['about a dozen', '12', '12-16'].map((words) => isSameCount('12–15', words))).toEqual([false, false, false])
})
