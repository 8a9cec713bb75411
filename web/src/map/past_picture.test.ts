import { expect, test } from 'vitest'
import { PastPicture, type Instant } from './past_picture.svelte'
import { AREA, type Frame } from './picture'

/** Somewhere north-west of a garrison: the point of the report is the garrison itself. */
const garrison = { lat: 33.5, lon: 38.6 }
const about = {
  track: [0], subject: ['Group near Shahmi'], names: [[]], party: ['Bravo'], attributed_by: ['Alpha'], confidence: [null], grading: [''], source: ['Alpha'],
  feeds: [['posts']], count: [{ low: 20, high: 40, as_entered: 'some dozens' }],
}
const frameAt = (at: number): Frame => ({
  whole: true, at, known_at: at, size: 10, assumed_error_m: 50, about,
  moved: {
    track: [0], lat: [garrison.lat], lon: [garrison.lon], error_m: [null], seen_at: [at], known_at: [at], height_m: [null], datum: [''], speed_mps: [null],
    course_deg: [null],
  },
  areas: { track: [0], area: [{ kind: 'sector', ...garrison, radius_m: 30_000, from_deg: 290, to_deg: 340 }] },
}) // prettier-ignore

/** A node that answers when the test says so. */
function slow() {
  const asked: { instant: Instant; answer: (frame: Frame) => void; fail: (error: Error) => void }[] = []
  const read = (instant: Instant): Promise<Frame> => new Promise((answer, fail) => asked.push({ instant, answer, fail }))
  return { asked, past: new PastPicture(read) }
}

test('what was reported as an area was one then, with whose it is and how many, and stands beside what it was measured from', async () => {
  const past = new PastPicture(({ at }) => Promise.resolve(frameAt(at)))
  await past.show({ at: 5_000, knownThen: false })
  const { picture } = past
  const row = picture.rowOf('Group near Shahmi')
  expect(past.at).toBe(5_000)
  expect(picture.flags[row]! & AREA).toBe(AREA)
  expect(picture.areas.get('Group near Shahmi')).toHaveLength(1)
  expect(picture.across[row]).toBeLessThan(garrison.lon / 360 + 0.5)
  expect(picture.parties.textOf(picture.party[row]!)).toBe('Bravo')
  expect(picture.counts.textOf(picture.strength[row]!)).toBe('20–40')
})

test('one instant is asked for at a time, and of those that were wanted meanwhile the last', async () => {
  const { asked, past } = slow()
  const shown = past.show({ at: 1_000, knownThen: false })
  void past.show({ at: 2_000, knownThen: false })
  void past.show({ at: 3_000, knownThen: true })
  asked[0]!.answer(frameAt(1_000))
  await Promise.resolve()
  await expect.poll(() => asked.length).toBe(2)
  expect(past.at).toBe(1_000)
  asked[1]!.answer(frameAt(3_000))
  await shown
  expect(asked.map(({ instant }) => instant)).toEqual([{ at: 1_000, knownThen: false }, { at: 3_000, knownThen: true }]) // prettier-ignore
  expect(past.at).toBe(3_000)
})

test('where an instant is not to be had, no other stands in its place; and the next one is asked for all the same', async () => {
  const { asked, past } = slow()
  const first = past.show({ at: 1_000, knownThen: false })
  asked[0]!.answer(frameAt(1_000))
  await first
  const second = past.show({ at: 2_000, knownThen: false })
  asked[1]!.fail(new Error('it does not answer'))
  await second
  expect([past.at, past.picture.count, String(past.error)]).toEqual([undefined, 0, 'Error: it does not answer'])
  const third = past.show({ at: 3_000, knownThen: false })
  asked[2]!.answer(frameAt(3_000))
  await third
  expect([past.at, past.picture.count, past.error]).toEqual([3_000, 1, undefined])
})
