import { expect, test } from 'vitest'
import { Picture } from './picture'
import { boundsOfAll, boundsOfTrack, signOf } from './sight'

const picture = new Picture()
picture.takeFrame({
  whole: true, at: 1, known_at: 1, size: 1, assumed_error_m: 50,
  about: {
    track: [0, 1], subject: ['group', 'truck'], names: [[], []], party: ['', ''], attributed_by: ['', ''], confidence: [null, null], grading: ['', ''],
    source: ['', ''], feeds: [[], []], count: [null, null],
  },
  moved: {
    track: [0, 1], lat: [33.5, 34], lon: [38.6, 39], error_m: [null, 30], seen_at: [1, 1], known_at: [1, 1], height_m: [null, null], datum: ['', ''],
    speed_mps: [null, null], course_deg: [null, null],
  },
  areas: { track: [0], area: [{ kind: 'outline', rings: [[[33.6, 38], [33.8, 38], [33.8, 38.2], [33.6, 38.2], [33.6, 38]]] }] },
}) // prettier-ignore

test('a track with an area is in sight where all of the area is, and not by the point that it was measured from', () => {
  expect(boundsOfAll(boundsOfTrack(picture, 'group'))!.map((one) => +one.toFixed(6))).toEqual([38, 33.6, 38.2, 33.8])
  expect(signOf(picture, picture.rowOf('group'))[0]).toBeLessThan(38.2)
})

test('a track of a point is a box of no size, and who is not there has none', () => {
  expect(boundsOfAll(boundsOfTrack(picture, 'truck'))!.map((one) => +one.toFixed(6))).toEqual([39, 34, 39, 34])
  expect(boundsOfTrack(picture, 'nobody')).toEqual([])
})

test('a box round boxes has all of them, and passes over what has no edges', () => {
  expect(boundsOfAll([[1, 2, 3, 4], [0, 3, 2, 9], [Number.POSITIVE_INFINITY, 0, 0, 0]])).toEqual([0, 2, 3, 9]) // prettier-ignore
  expect(boundsOfAll([])).toBeUndefined()
})
