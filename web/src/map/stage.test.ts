import { expect, test } from 'vitest'
import { middleBeside } from './stage'

const box = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom })

test('what is looked for is shown beside what stands over the map, on the side with more room', () => {
  expect(middleBeside(box(512, 56, 1280, 800), box(600, 120, 900, 536))).toEqual([194, 0])
  expect(middleBeside(box(0, 56, 768, 800), box(380, 120, 680, 536))).toEqual([-194, 0])
})

test('below it where it is as wide as the map', () => {
  expect(middleBeside(box(0, 0, 390, 600), box(10, 60, 380, 300))).toEqual([0, 150])
})
