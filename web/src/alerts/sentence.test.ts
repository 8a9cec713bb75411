import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LANGUAGES, speak } from '../words/words.svelte'
import { plain, tell, tellLine, type Matter, type Params, type Told } from './sentence'

interface Keys {
  alerts: Record<string, Record<string, string>>
  conditions: Record<string, Record<string, string>>
  lines: Record<string, Record<string, string>>
  line_keys: Record<string, string[]>
  words: Record<string, string[]>
}
const keys = JSON.parse(readFileSync(new URL('../../../docs/reference/keys.json', import.meta.url), 'utf8')) as Keys
vi.stubGlobal('document', { documentElement: {} })
const NOW = Date.parse('2026-05-18T12:00:00Z')

/** An example of a parameter of a type, by the number of the shape: one, few, many, none. */
function exampleOf(type: string, shape: number): unknown {
  const count = [1, 3, 11, 0][shape]!
  if (type.startsWith('key:')) return keys.words[type.slice(4)]![shape % keys.words[type.slice(4)]!.length]
  if (type.startsWith('keys:')) return keys.words[type.slice(5)]!.slice(0, count)
  const examples: Record<string, unknown> = {
    text: `Some words ${shape}`, id: 'bravo', instant: '2026-05-18T10:00:00Z', s: count * 95, m: [1, -3, 2200, 0][shape], deg: 10 + count, count,
    bytes: count * 1e6, share: [0, 0.004, 0.98, 1][shape], flag: shape === 0,
  } // prettier-ignore
  return examples[type]
}

function dataOf(name: string): unknown {
  if (name === 'changes') return [{ what: 'state', party: 'bravo', now: 'in_force', was: 'signed', about: '' }, { what: 'version', party: '', now: 'a'.repeat(64), was: '' }]
  if (name === 'next_step') return { key: 'deputy', words: 'Ask the deputy' }
  if (name === 'stops') return [{ taken_at: '2026-05-18T10:00:00Z', words: 'Stop', missing: [] }, { taken_at: '2026-05-18T10:00:00Z', words: 'Stop!', missing: [] }]
  return {}
}

function matterOf(key: string, params: Params): Matter {
  return {
    key, params, subject: 'K-2', names: [{ name: 'Lapwing', source: 'AIS mast' }], zone: 'kestrel-pass', zone_name: 'Kestrel Pass', feed: 'patrols',
    message: '5f1c'.repeat(16), peer: 'bravo', agreement: 'pass', of_party: 'bravo', text: 'English',
  } // prettier-ignore
}

const all = [...Object.entries(keys.alerts), ...Object.entries(keys.conditions)]

describe.each(LANGUAGES)('in %s', (language) => {
  beforeEach(() => speak(language))

  it.each(all)('%s has words of our own, whatever is given with it', (key, types) => {
    for (const shape of [0, 1, 2, 3]) {
      const params: Record<string, unknown> = { repeats: shape }
      for (const [name, type] of Object.entries(types)) params[name] = type === 'data' ? dataOf(name) : exampleOf(type, shape)
      if (types['what'] === 'key:presence') for (const what of keys.words['presence']!) isWhole(matterOf(key, { ...params, what }))
      if (types['why'] === 'key:why') for (const why of keys.words['why']!) isWhole(matterOf(key, { ...params, why }))
      if (types['what'] === 'key:contradiction') for (const what of keys.words['contradiction']!) isWhole(matterOf(key, { ...params, what }))
      isWhole(matterOf(key, params))
    }
  })

  it.each(all)('%s can be told when everything that may be unknown is', (key, types) => {
    const params: Record<string, unknown> = {}
    for (const [name, type] of Object.entries(types)) params[name] = type === 'data' || type.startsWith('keys:') ? null : type === 'text' || type === 'id' ? '' : exampleOf(type, 0)
    for (const name of ['edge_m', 'edge_far_m', 'latest_s', 'count_min', 'count_max', 'last_heard_at']) delete params[name]
    isWhole({ ...matterOf(key, params), names: [] })
  })
})

describe.each(LANGUAGES)('the log in %s', (language) => {
  beforeEach(() => speak(language))
  const lines = Object.entries(keys.line_keys).flatMap(([kind, names]) => names.map((key) => [kind, key] as const))

  it.each(lines.filter(([kind]) => kind !== 'alert'))('%s %s has words of our own', (kind, key) => {
    for (const shape of [0, 1, 2, 3]) {
      const params: Record<string, unknown> = {}
      for (const [name, type] of Object.entries(keys.lines[kind]!)) params[name] = type === 'data' ? dataOf(name) : exampleOf(type, shape)
      isWhole(matterOf(key, params), (matter) => tellLine({ ...matter, kind, by: 'otto' }, NOW))
    }
  })
})

function isWhole(matter: Matter, telling = (one: Matter): Told => tell(one, NOW)): void {
  const told = telling(matter)
  expect(told.sentence, matter.key).not.toBeNull()
  for (const said of [told.sentence!, ...told.facts]) {
    const text = plain(said)
    expect(text.trim()).not.toBe('')
    expect(text).not.toMatch(/undefined|NaN|null|\[object|\{|\}|alert\./)
  }
}

describe('how far and how sure', () => {
  beforeEach(() => speak('en'))
  const facts = (params: Params): string[] => tell(matterOf('entered', { what: 'entered', ...params }), NOW).facts.map(plain)

  it('tells the side of the edge, and the doubt', () => {
    expect(facts({ edge_m: 2200, p_inside: 0.004, error_assumed: true }).slice(0, 3)).toEqual([
      '2.2 km outside the edge', 'under 1 % likely inside', 'the error of the position is assumed',
    ]) // prettier-ignore
    expect(facts({ edge_m: -340, p_inside: 0.98 }).slice(0, 2)).toEqual(['340 m inside the edge', '98% likely inside'])
  })

  it('tells an area as a range, its near end on the edge where it is no farther than a hundredth', () => {
    expect(facts({ edge_m: -2000, edge_far_m: 3000, p_inside: 0.4 })[0]).toBe('somewhere from 2.0 km inside the edge to 3.0 km outside the edge')
    expect(facts({ edge_m: -10, edge_far_m: 3000, p_inside: 0.4 })[0]).toBe('somewhere from on the edge itself to 3.0 km outside the edge')
  })

  it('tells who is over or under the heights of a zone', () => {
    expect(facts({ edge_m: -500, p_inside: 0 })[0]).toBe('over or under its heights')
  })

  it('says nothing of what is not known', () => {
    expect(facts({})).toEqual(['called ⁨Lapwing⁩ by ⁨AIS mast⁩'])
  })
})

it('leaves to the node what this console has no words for', async () => {
  await speak('en')
  expect(tell(matterOf('from_the_future', {}), NOW).sentence).toBeNull()
})

it('keeps what somebody else wrote apart, and lets it turn nothing around', async () => {
  await speak('en')
  const { sentence } = tell({ ...matterOf('entered', { what: 'entered' }), subject: '\u202eevil', names: [] }, NOW)
  expect(sentence).toEqual([{ theirs: '\u202eevil' }, ' entered ', { theirs: 'Kestrel Pass' }])
  expect(plain(sentence!)).toBe('\u2068 evil\u2069 entered \u2068Kestrel Pass\u2069')
})

it('counts in the forms of each language', async () => {
  await speak('ru')
  const rows = (count: number): string => plain(tell(matterOf('feed_overloaded', { rows: count }), NOW).facts[0]!)
  expect([1, 3, 11].map(rows)).toEqual(['1 сообщение не принято', '3 сообщения не приняты', '11 сообщений не принято'])
  await speak('ar')
  expect([1, 2, 3, 11].map(rows)).toEqual(['لم يؤخذ بلاغ واحد', 'لم يؤخذ بلاغان', 'لم تؤخذ 3 بلاغات', 'لم يؤخذ 11 بلاغًا'])
})

describe('a line about a message', () => {
  beforeEach(() => speak('en'))
  const telling = (kind: string, key: string, params: Params): string[] => {
    const about = { message: '3389e980f00d', direction: 'out', from: 'alpha', to: 'bravo', marker: 'warning', ...params }
    const told = tellLine({ ...matterOf(key, about), kind, by: 'otto' }, NOW)
    return [plain(told.sentence!), ...told.facts.map(plain)].map((text) => text.replace(/[\u2068\u2069]/g, ''))
  }

  it('says which one in words, with its short id behind', () => {
    expect(telling('standing', 'settled', {})).toEqual(['What the message asks for is given', 'warning to bravo (3389e980)'])
    expect(telling('standing', 'owed', { direction: 'in' })[1]).toBe('warning from alpha (3389e980)')
  })

  it('says that what was read back differs, and says nothing of it where it does not', () => {
    expect(telling('statement', 'understood', { of: 'bravo', differs: true })[0]).toBe('bravo has read the message back, and it differs from what was said')
    expect(telling('statement', 'understood', { of: 'bravo' })[0]).toBe('bravo has understood the message and read it back')
  })

  it('says that a read-back that differed was read back right since', () => {
    const ended = { whom: 'bravo', to: 'bravo', marker: 'warning', ended: 'read_back_right', ended_at: '2026-05-18T10:04:00Z' }
    const told = tell(matterOf('read_back_differs', ended), NOW)
    expect(plain(told.sentence!)).toContain('has read it back right since')
    expect(told.facts.map(plain)).toContain('Nothing is to be corrected any more; it stays until somebody clears it.')
  })
})
