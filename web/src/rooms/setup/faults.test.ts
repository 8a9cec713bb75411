import { expect, test } from 'vitest'
import { Declined } from '../../api/client'
import type { Problem } from '../../api/schema'
import { byField, fieldOf, isAtFields } from './faults'

const refused = (...paths: string[]) =>
  new Declined(422, { type: 'keepclear:id.unusable', detail: '', errors: paths.map((path) => ({ path, key: 'id.unusable', what: path, value: '', mend: '' })) } as unknown as Problem)

test('what the node refuses stands at the field where it is mended', () => {
  expect(fieldOf('$.party.id')).toBe('party.id')
  expect(fieldOf('$.administrator.user')).toBe('you.user')
  expect(fieldOf('$.people[1].user')).toBe('people.1')
  expect(fieldOf('$.zone.properties.radius')).toBe('zone.radius')
  expect(fieldOf('$.zone')).toBe('zone.name')
  expect(fieldOf('$.feed')).toBe('feed.source')
  expect(fieldOf('$.people')).toBe('')
})

test('two faults of one field are both said', () => {
  expect(byField(refused('$.zone', '$.zone.id'), (fault) => fault.what)).toEqual({ 'zone.name': '$.zone $.zone.id' })
})

test('what has no field is said above the form', () => {
  expect(isAtFields(refused('$.party.id'))).toBe(true)
  expect(isAtFields(refused('$.party.id', '$.people'))).toBe(false)
  expect(isAtFields(new Error('no network'))).toBe(false)
})
