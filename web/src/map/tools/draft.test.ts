import { expect, test } from 'vitest'
import type { ZoneView } from '../../api/schema'
import { between } from '../earth'
import { differences, Draft, lengthFault } from './draft.svelte'

const zone = (geometry: object, properties: object): ZoneView =>
  ({ id: 'kestrel-pass', name: 'Kestrel Pass', version: 3, since: '2026-05-18T10:00:00Z', sequence: 7, access: { owner: 'alpha', sensitivity: 'low', recipients: null },
    feature: { type: 'Feature', id: 'kestrel-pass', geometry, properties } }) as unknown as ZoneView // prettier-ignore
const circle = zone(
  { type: 'Point', coordinates: [38.6, 33.5] },
  { name: 'Kestrel Pass', radius: '12 km', band: '5 km', may_enter: ['Alpha', { party: 'Bravo', where: 'band' }], presence: { m: 2, n: 3 } },
)

test('a zone that is opened and not changed is the same zone', () => {
  expect(differences(circle, new Draft(circle).feature())).toEqual([])
  expect(new Draft(circle).feature().properties).toEqual(circle.feature['properties'])
})

test('what the form does not show goes on as it was', () => {
  const draft = new Draft(circle)
  draft.texts.radius = '15 NM'
  expect(draft.feature().properties['presence']).toEqual({ m: 2, n: 3 })
  expect(differences(circle, draft.feature())).toEqual([{ name: 'radius', before: '12 km', after: '15 NM' }])
})

test('dragging the edge writes the radius in the unit that it had, and the drawing follows what is typed', () => {
  const draft = new Draft(circle)
  draft.texts.radius = '10 NM'
  const handle = draft.sketch().find(({ properties }) => properties?.['handle'] === 10_000)!
  const [lon, lat] = (handle.geometry as unknown as { coordinates: [number, number] }).coordinates
  expect(between([38.6, 33.5], [lon, lat]).metres).toBeCloseTo(18_520, 0)
  draft.drag(10_000, [38.6, 33.6])
  expect(draft.texts.radius).toMatch(/^5\.98\d* NM$|^5\.99\d* NM$/)
})

test('a circle has one centre, however often somebody clicks', () => {
  const draft = new Draft(null)
  draft.id = 'new'
  draft.add([1, 2])
  draft.add([3, 4])
  expect(draft.points).toHaveLength(1)
  expect(draft.feature().geometry).toEqual({ type: 'Point', coordinates: [3, 4] })
})

test('a polygon is closed, and keeps its holes', () => {
  const ring = [[0, 0], [1, 0], [1, 1], [0, 0]] // prettier-ignore
  const hole = [[0.5, 0.2], [0.6, 0.2], [0.6, 0.3], [0.5, 0.2]] // prettier-ignore
  const polygon = zone({ type: 'Polygon', coordinates: [ring, hole] }, {})
  const draft = new Draft(polygon)
  expect(draft.points).toHaveLength(3)
  expect(draft.feature().geometry).toEqual({ type: 'Polygon', coordinates: [ring, hole] })
  draft.drag(0, [-1, -1])
  expect((draft.feature().geometry as { coordinates: number[][][] }).coordinates[0]).toEqual([[-1, -1], [1, 0], [1, 1], [-1, -1]]) // prettier-ignore
})

test.each([
  ['12 km', ''], ['7.5 mi', ''], ['15 NM', ''], ['34 mile', 'map.edit.length.mile'], ['34 miles', 'map.edit.length.mile'], ['34', 'map.edit.length.bare'],
  ['', 'map.edit.length.missing'], ['far', 'map.edit.length.unread'],
])('of the length %j it is said: %s', (text, key) => expect(lengthFault(text, true)).toBe(key)) // prettier-ignore
