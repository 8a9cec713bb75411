import { expect, test } from 'vitest'
import { written } from './notations'

// As `keepclear place` writes them.
const NODE: [number, number, string, string][] = [
  [33.50583, 38.61778, '37S DT 64499 07430', '37S 464500mE 3707431mN'],
  [-33.8568, 151.2153, '56H LH 34900 52288', '56H 334901mE 6252289mN'],
  [60.5, 5.2, '32V KN 91330 13123', '32V 291330mE 6713123mN'],
  [78.3, 15.6, '33X WG 13582 91919', '33X 513583mE 8691920mN'],
  [0.00001, -179.99999, '01N AA 66022 00001', '1N 166023mE 0000001mN'],
  [-79.5, -45.1, '23C MM 97965 74219', '23C 497966mE 1174219mN'],
  [83.9, 100.25, '47X NP 14828 17091', '47X 514829mE 9317091mN'],
]

test.each(NODE)('the grids at %f, %f are those of the node', (lat, lon, mgrs, utm) => {
  expect(written(lat, lon, 'mgrs')).toBe(mgrs)
  expect(written(lat, lon, 'utm')).toBe(utm)
})

test('degrees, minutes and seconds carry, and have the letters that cannot be swapped', () => {
  expect(written(33.50583, 38.61778, 'dms')).toBe(`33°30'21.0"N 038°37'04.0"E`)
  expect(written(-33.9999999, -151.2153, 'dms')).toBe(`34°00'00.0"S 151°12'55.1"W`)
  expect(written(33.50583, 38.61778, 'dm')).toBe('33-30.350N 038-37.067E')
  expect(written(59.9999999, 38.61778, 'dm')).toBe('60-00.000N 038-37.067E')
})

test('a longitude beyond the 180th meridian is the one that it stands for', () => {
  expect(written(10, 190, 'decimal')).toBe('10.00000N 170.00000W')
})

test('there is no grid beyond 84 N and 80 S', () => {
  expect(written(84.1, 10, 'mgrs')).toBe('')
  expect(written(-80.1, 10, 'utm')).toBe('')
})
