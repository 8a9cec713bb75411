import { expect, test } from 'vitest'
import { advanced, movedTo, pictured, playerOver, share, stepped, toggled } from './player'

const over = () => playerOver(1_000, 61_000)

test('it begins at the end, and plays from the begin', () => {
  expect(over().at).toBe(61_000)
  expect(toggled(over())).toMatchObject({ at: 1_000, playing: true })
})

test('it goes on by its speed, and stops at the end', () => {
  const playing = toggled(over())
  expect(advanced(playing, 500).at).toBe(31_000)
  expect(advanced(playing, 5_000)).toMatchObject({ at: 61_000, playing: false })
})

test('what does not play stands still', () => {
  expect(advanced(movedTo(over(), 5_000), 1_000).at).toBe(5_000)
})

test('it goes from event to event both ways, and to the ends behind the last', () => {
  const instants = [2_000, 5_000, 9_000]
  const at = movedTo(over(), 5_000)
  expect(stepped(at, instants, true).at).toBe(9_000)
  expect(stepped(at, instants, false).at).toBe(2_000)
  expect(stepped(movedTo(over(), 9_000), instants, true).at).toBe(61_000)
  expect(stepped(movedTo(over(), 2_000), instants, false).at).toBe(1_000)
})

test('a span of no length has an axis all the same', () => {
  expect(share(playerOver(5, 5), 5)).toBe(0)
})

test('while it plays, a picture is asked for four times a second at any speed; where it stands, that of the very instant', () => {
  const playing = { ...toggled(over()), speed: 60 }
  const instants = Array.from({ length: 60 }, (_, frame) => pictured(advanced(playing, (frame * 1_000) / 60)))
  expect(new Set(instants).size).toBe(5)
  expect(Math.min(...instants)).toBe(playing.from)
  expect(pictured(movedTo(playing, 12_345))).toBe(12_345)
})
