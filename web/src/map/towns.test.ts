import { expect, test } from 'vitest'
import { squares, townsWithin } from './towns'

const TABLE = 'name\tcountry\tdivision\tlat\tlon\nRukban\tSY\tHoms\t33.312\t38.704\nTanf\tSY\tHoms\t33.500\t38.620\nSuva\tFJ\t\t-18.142\t178.441\n'

test('towns are found by where they lie', () => {
  const towns = squares(TABLE)
  expect(townsWithin(towns, 38, 33, 39, 34).map(({ name }) => name)).toEqual(['Rukban', 'Tanf'])
  expect(townsWithin(towns, 38, 33.4, 39, 34).map(({ name }) => name)).toEqual(['Tanf'])
  expect(townsWithin(towns, 0, 0, 1, 1)).toEqual([])
})

test('a map over the 180th meridian has the towns of both sides', () => {
  expect(townsWithin(squares(TABLE), 177, -20, 184, -17)[0]?.name).toBe('Suva')
  expect(townsWithin(squares(TABLE), -183, -20, -178, -17)[0]?.name).toBe('Suva')
})
