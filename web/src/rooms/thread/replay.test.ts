import { expect, test } from 'vitest'
import { Picture } from '../../map/picture'
import { newestAt, showAt, type Track } from './replay'

const track: Track = {
  subject: 'truck-7', name: 'Truck 7', party: 'Bravo',
  seen: Float64Array.of(1_000, 2_000, 3_000), known: Float64Array.of(1_100, 9_000, 3_100),
  lat: Float64Array.of(33.1, 33.2, 33.3), lon: Float64Array.of(38, 38, 38), error: Float32Array.of(30, Number.NaN, 30),
}

test('it is where it was seen last, and nowhere before it was first seen', () => {
  expect([999, 1_000, 2_500, 99_000].map((at) => newestAt(track, at, false))).toEqual([-1, 0, 1, 2])
})

test('as known then, a report that came late is not there yet', () => {
  expect(newestAt(track, 2_500, true)).toBe(0)
  expect(newestAt(track, 3_050, true)).toBe(0)
  expect(newestAt(track, 3_200, true)).toBe(2)
})

test('a picture of an instant has nobody who had not been seen', () => {
  const picture = new Picture()
  showAt(picture, [track], 2_500, false)
  expect([picture.count, picture.lat[0], picture.names[0]]).toEqual([1, 33.2, 'Truck 7'])
  showAt(picture, [track], 500, false)
  expect(picture.count).toBe(0)
})
