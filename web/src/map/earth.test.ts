import { expect, test } from 'vitest'
import { acrossOf, between, beside, downOf, geodesicPath, latOf, lengthOf, lonOf, onward } from './earth'
import { toEdge } from './nearness'
import { boundsOf, circleRing, outlineOf, metresOf, type ZoneFeature } from './outlines'

test('a distance is the one that the node works out', () => {
  // keepclear.geo.earth.distance_m
  expect(between([38.6, 33.5], [38.75, 33.65]).metres).toBeCloseTo(21696.53613241503, 6)
  expect(between([8.5, 46.5], [151.2, -33.8]).metres).toBeCloseTo(16583004.322459614, 5)
})

test('a path along the ellipsoid is as long as its pieces, and does not jump at the 180th meridian', () => {
  const path = geodesicPath([[179, 50], [-179, 52]]) // prettier-ignore
  expect(lengthOf(path)).toBeCloseTo(between([179, 50], [-179, 52]).metres, 3)
  for (let i = 1; i < path.length; i++) expect(Math.abs(path[i]![0] - path[i - 1]![0])).toBeLessThan(1)
  expect(beside(-179, 179)).toBe(181)
})

test('the map and the earth are the same both ways', () => {
  for (const [lon, lat] of [[-170, 70], [0, 0], [38.6, 33.5], [151, -33]] as const) {
    expect(lonOf(acrossOf(lon))).toBeCloseTo(lon, 10)
    expect(latOf(downOf(lat))).toBeCloseTo(lat, 10)
  } // prettier-ignore
})

const zone = (geometry: ZoneFeature['geometry'], properties: Record<string, unknown>): ZoneFeature => ({ type: 'Feature', geometry, properties })

test('every point of a circle is its radius away', () => {
  for (const at of circleRing([38.6, 33.5], 12_000)) expect(between([38.6, 33.5], at).metres).toBeCloseTo(12_000, 3)
})

test('the edge of a band is the band away from a polygon, round its corners too', () => {
  const square = [[38, 33], [38.4, 33], [38.4, 33.3], [38, 33.3], [38, 33]] // prettier-ignore
  const { parts, band } = outlineOf(zone({ type: 'Polygon', coordinates: [square] }, { band: '5 km' }))
  const rest = { parts, band: [], middle: [38, 33] as const }
  for (const at of band.flat()) expect(toEdge([at[0]!, at[1]!], rest)).toBeGreaterThan(4_950)
  for (const at of band.flat()) expect(toEdge([at[0]!, at[1]!], rest)).toBeLessThan(5_050)
})

test('a polygon with a hole has a band in the hole as well', () => {
  const [outer, hole] = [circleRing([38, 33], 20_000), circleRing([38, 33], 10_000)]
  const { band } = outlineOf(zone({ type: 'Polygon', coordinates: [outer, hole] }, { band: '2 km' }))
  expect(band).toHaveLength(2)
})

test('a corridor is its half width to either side, with round ends', () => {
  const line = [[38, 33], [38.2, 33.1], [38.1, 33.3]] // prettier-ignore
  const { parts } = outlineOf(zone({ type: 'LineString', coordinates: line }, { half_width: '750 m' }))
  expect(parts).toHaveLength(1)
  expect(toEdge([38, 33], { parts, band: [], middle: [0, 0] })).toBeCloseTo(-750, -1)
  expect(toEdge(onward([38, 33], 240, 2_000), { parts, band: [], middle: [0, 0] })).toBeCloseTo(1250, -1)
})

test('a sector goes clockwise, over north as well, and leaves its inner radius out', () => {
  const { parts } = outlineOf(zone({ type: 'Point', coordinates: [38, 33] }, { radius: '10 km', inner_radius: '2 km', from_deg: 300, to_deg: 60 }))
  const outline = { parts, band: [], middle: [38, 33] as const }
  expect(toEdge(onward([38, 33], 0, 5_000), outline)).toBeLessThan(0)
  expect(toEdge(onward([38, 33], 0, 1_000), outline)).toBeGreaterThan(0)
  expect(toEdge(onward([38, 33], 180, 5_000), outline)).toBeGreaterThan(0)
})

test('a mile is the one that is written', () => {
  expect(metresOf('34 mi')).toBeCloseTo(54_717.7, 1)
  expect(metresOf('34 NM')).toBe(62_968)
  for (const bare of ['34 mile', '34', '', undefined, '34 mi wide']) expect(metresOf(bare)).toBeNaN()
})

test('a zone over the 180th meridian has bounds that go on beyond it', () => {
  const [west, , east] = boundsOf(outlineOf(zone({ type: 'Point', coordinates: [179.9, 10] }, { radius: '50 km' })))
  expect(east - west).toBeLessThan(2)
})
