import { expect, test } from 'vitest'
import { idOf } from './doors'

test('an id is made of the letters of a name', () => {
  expect(idOf('Alpha Company')).toBe('alpha-company')
  expect(idOf('  Éclair n° 7 ')).toBe('eclair-n-7')
})

test('a name without Latin letters gives no id, and one has to be written', () => {
  expect(idOf('الفا')).toBe('')
})

test('an id that is cut short still ends with a letter or a digit', () => {
  expect(idOf(`${'a'.repeat(63)} b`)).toBe('a'.repeat(63))
})
