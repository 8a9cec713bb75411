import { afterEach, describe, expect, it, vi } from 'vitest'
import { blankRows, bodyOf, correctionOf, draftOf, emptyDraft, emptyRow, fieldOf, forget, givenOf, keep, kept, noteSent, remarkOf, sentAs, standing } from './draft'
import type { Content, Fact } from './content'
import type { FindingView, MessageDraft } from '../../api/schema'

const stored = new Map<string, string>()
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, text: string) => stored.set(key, text),
  removeItem: (key: string) => stored.delete(key),
})
afterEach(() => stored.clear())

const FACTS: Fact[] = [
  { is: 'place', name: 'seen', lat_e7: 336000000, lon_e7: 386000000, accuracy_mm: 7231, as_entered: '33.6000N 38.6000E', called: 'Kestrel Pass' },
  { is: 'time', name: 'by', at_us: Date.parse('2026-11-29T04:56:00Z') * 1000, zone: 'Europe/Moscow' },
  { is: 'count', name: 'vehicles', low: 20, high: 27 },
]

describe('a draft', () => {
  it('of the node goes back to it as it came', () => {
    const given = {
      to: 'bravo', marker: 'warning', text: 'Seen.', language: 'en', urgency: 'now', about: { kind: 'alert', id: '22.1' },
      facts: [{ is: 'place', name: 'seen', text: '33.6 38.6' }, { is: 'time', name: 'by', at: '2026-11-29T04:56:00Z', zone: 'Europe/Moscow' }],
      translations: [{ language: 'ar', text: 'شوهد', by: 'Lena' }],
    } as MessageDraft // prettier-ignore
    const body = bodyOf(draftOf(given, { reply_within: '30 min', valid_for: '6 h' }))
    expect(body.facts).toEqual([{ is: 'place', name: 'seen', text: '33.6 38.6', called: '' }, given.facts![1]])
    expect(body).toMatchObject({ to: 'bravo', marker: 'warning', urgency: 'now', about: given.about, reply_within: '30 min', meant: [] })
    expect(body.translations).toEqual([{ language: 'ar', text: 'شوهد', by: 'Lena', reviewed_by: '' }])
  })
  it('leaves out a translation that nobody has written', () => {
    const draft = emptyDraft('bravo', '', 'en', 'UTC', 'UTC')
    draft.translations.push({ language: 'ar', text: ' ', by: 'Otto', reviewed_by: '', old: false })
    expect(bodyOf(draft).translations).toEqual([])
  })
  it('that corrects says the same again, in place of the other, and starts with nothing meant', () => {
    const content = { to: 'bravo', addressee: '', marker: 'warning', urgency: 'now', original: { language: 'en', text: 'Seen.' }, translations: [], facts: FACTS, about: { kind: '', id: '' }, answers: '' }
    const draft = correctionOf('a'.repeat(64), content as unknown as Content, 'UTC', 'UTC')
    expect(draft).toMatchObject({ supersedes: 'a'.repeat(64), text: 'Seen.', meant: [], tried: false })
    expect(draft.key).not.toBe('')
    expect(bodyOf(draft).facts).toMatchObject([{ text: '33.6000N 38.6000E', called: 'Kestrel Pass' }, { at: '2026-11-29T04:56:00Z', zone: 'Europe/Moscow' }, { text: '20-27' }])
  })
  it('is kept for one person and one place, with the key under which it is tried again', () => {
    keep('otto', 'bravo', { ...emptyDraft('bravo', '', 'en', 'UTC', 'UTC'), text: 'begun', key: 'k1' })
    expect(kept('otto', 'bravo')).toMatchObject({ text: 'begun', key: 'k1' })
    expect([kept('lena', 'bravo'), kept('otto', 'meridian')]).toEqual([undefined, undefined])
    forget('otto', 'bravo')
    expect(kept('otto', 'bravo')).toBeUndefined()
  })
  it('that was kept by something else is none', () => {
    stored.set('keepclear.draft.otto.bravo', '{"text": "x"}')
    expect(kept('otto', 'bravo')).toBeUndefined()
    stored.set('keepclear.draft.otto.bravo', 'not JSON')
    expect(kept('otto', 'bravo')).toBeUndefined()
  })
})

describe('a read-back', () => {
  it('begins with nothing of what was said', () => {
    const rows = blankRows(FACTS, 'UTC')
    expect(rows.map((row) => row.name)).toEqual(['seen', 'by', 'vehicles'])
    expect(JSON.stringify(rows)).not.toMatch(/33\.6|Kestrel|2026|20-27|Moscow/)
    expect(givenOf(rows, true)).toEqual([])
  })
})

describe('what was found', () => {
  it('belongs to a field', () => {
    const paths = ['$.original.text', '$.text', '$.translations[1].text', '$.facts[0]', '$.facts[12].called', '$.facts', '$.reply_within', '$.valid_for', '$.addressee', '$.about.id']
    expect(paths.map(fieldOf)).toEqual(['text', 'text', 'translation 1', 'fact 0', 'fact 12', 'facts', 'reply', 'valid', 'to', 'form'])
  })
  it('stands until it is mended or meant; what is refused can only be mended', () => {
    const found = remarkOf({ key: 'time.no_zone', severity: 'stops', path: '$.original.text', text: '22:00 has no zone.' } as FindingView)
    const refused = { ...found, key: 'place.unreadable', severity: 'refused' as const }
    expect(standing([found, refused], [])).toHaveLength(2)
    expect(standing([found, refused], ['time.no_zone', 'place.unreadable'])).toEqual([refused])
  })
  it('is of rows that each have an id of their own', () => {
    expect(emptyRow('place', 'a', 'UTC').id).not.toBe(emptyRow('place', 'a', 'UTC').id)
  })
})

describe('a draft in two tabs', () => {
  it('has one key, made with it', () => {
    const draft = emptyDraft('bravo', '', 'en', 'UTC', 'UTC')
    keep('otto', 'bravo', draft)
    expect(kept('otto', 'bravo')!.key).toBe(draft.key)
    expect(emptyDraft('bravo', '', 'en', 'UTC', 'UTC').key).not.toBe(draft.key)
  })
  it('is no draft any more once it has gone from one of them, though the other keeps it again', () => {
    const draft = emptyDraft('bravo', '', 'en', 'UTC', 'UTC')
    noteSent('otto', draft.key, 'a'.repeat(64))
    keep('otto', 'bravo', draft)
    expect(kept('otto', 'bravo')).toBeUndefined()
    expect(sentAs('otto', draft.key)).toBe('a'.repeat(64))
    expect(sentAs('lena', draft.key)).toBeUndefined()
  })
  it('that was kept without a key gets one, and one that was tried stays tried', () => {
    for (const [key, tried] of [['', false], ['k', true]] as const) {
      const { tried: _, ...older } = { ...emptyDraft('bravo', '', 'en', 'UTC', 'UTC'), key }
      keep('otto', 'bravo', older as never)
      expect(kept('otto', 'bravo')).toMatchObject({ tried, key: key || expect.stringMatching(/./) })
    }
  })
})
