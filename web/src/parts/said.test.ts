import { expect, test } from 'vitest'
import { pieces } from './said'

const shown = (text: string): string => pieces(text).map((piece) => (piece.control ? `[${piece.text}]` : piece.ltr ? `<${piece.text}>` : piece.text)).join('')

test('text without anything hidden is one piece', () => {
  expect(pieces('Keep clear.')).toEqual([{ text: 'Keep clear.', control: false }])
  expect(pieces('')).toEqual([])
})

test('signs that turn text around, or that nobody sees, are named', () => {
  expect(shown('a\u202eb\u200bc\td')).toBe('a[U+202E]b[U+200B]c[⇥]d')
})

test('lines and joiners stay', () => {
  expect(shown('one\r\ntwo \u0646\u200c\u0647')).toBe('one\ntwo \u0646\u200c\u0647')
})

test('dates and times keep their order wherever they stand', () => {
  expect(shown('منذ 2026-11-29 03:12 إلى 04:00:10')).toBe('منذ <2026-11-29 03:12> إلى <04:00:10>')
  expect(shown('العدد: \u200e12-15\u200e. المكان: 33.5N 38.6E = 37S DT 17 33 (54.1 كم 299° من At-Tanf zone).')).toBe(
    'العدد: <12-15>. المكان: <33.5N 38.6E = 37S DT 17 33> (<54.1> كم <299°> من At-Tanf zone).',
  )
  expect(shown('الوقت: 2026-11-29 07:12 UTC = 2026-11-29 10:12 +03:00.')).toBe('الوقت: <2026-11-29 07:12 UTC = 2026-11-29 10:12 +03:00>.')
  expect(shown('2026-11-29T03:12:40Z')).toBe('<2026-11-29T03:12:40Z>')
})

test('no text takes long, however it is made', () => {
  for (const part of ['- ', '1- ', ' -', '1', 'a ', '12:', '2026-11-', '1\u0645']) {
    const text = `\u0645${part.repeat(200_000 / part.length)}`
    expect(pieces(text).map((piece) => piece.text).join('')).toBe(text)
  }
})
