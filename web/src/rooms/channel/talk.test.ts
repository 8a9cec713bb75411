import { describe, expect, it } from 'vitest'
import type { MessageView, MessageWhole, PeerView, StatementView } from '../../api/schema'
import { conversationsOf, hopsOf, isLoud, linkOf, readBackOf, waysTo } from './talk'

const NOW = Date.parse('2026-11-29T02:00:00Z')
const peer = (given: Partial<PeerView>): PeerView =>
  ({ party: 'meridian', name: 'Meridian', ended: '', is_peer: true, leads_to: [], heard_at: '2026-11-29T01:59:50Z', failure: '', refuses_us: '', ...given }) as PeerView
const view = (given: Partial<MessageView>): MessageView =>
  ({
    message: 'a', direction: 'out', sender: 'alpha', to: 'bravo', addressee: '', debt: 'owed', mismatch: false, due_at: '2026-11-29T01:30:00Z',
    known_at: '2026-11-29T01:00:00Z', ...given,
  }) as MessageView // prettier-ignore

describe('conversations', () => {
  it('stand by the party whose word it takes, and those that need somebody stand first', () => {
    const found = conversationsOf(
      [
        view({ message: 'a', to: 'meridian', addressee: 'bravo', debt: 'unconfirmed' }),
        view({ message: 'b', to: 'harbour-aid', known_at: '2026-11-29T01:50:00Z', debt: 'settled' }),
        view({ message: 'c', direction: 'in', sender: 'northlight', to: 'alpha' }),
      ],
      ['meridian'],
    )
    expect(found.map((one) => one.party)).toEqual(['bravo', 'northlight', 'harbour-aid', 'meridian'])
    expect(found[0]!.since).toBe(Date.parse('2026-11-29T01:30:00Z'))
    expect(found[1]!.asks).toHaveLength(1)
  })
  it('hold a read-back that differs until it is corrected', () => {
    const differs = (debt: string): number => conversationsOf([view({ mismatch: true, debt })], [])[0]!.differs.length
    expect([differs('owed'), differs('unconfirmed'), differs('superseded'), differs('settled')]).toEqual([1, 1, 0, 0])
  })
})

describe('a link', () => {
  it('is by hand where there is no card and nobody who leads there', () => {
    expect(linkOf('harbour-aid', [peer({})], NOW).state).toBe('by_hand')
  })
  it('goes through whoever leads there, and is as alive as that one', () => {
    const peers = [peer({ leads_to: ['bravo'] }), peer({ party: 'bravo', is_peer: false })]
    expect(linkOf('bravo', peers, NOW)).toMatchObject({ state: 'heard', via: ['meridian'] })
    expect(linkOf('bravo', [peer({ leads_to: ['bravo'], failure: 'refused' }), peers[1]!], NOW).state).toBe('down')
  })
  it('is loud when it is broken, and not when nothing was heard yet', () => {
    const loud = (given: Partial<PeerView>): boolean => isLoud(linkOf('meridian', [peer(given)], NOW))
    expect([loud({ failure: 'no answer' }), loud({ refuses_us: 'card.ended' }), loud({ ended: 'lost' })]).toEqual([true, true, true])
    expect([loud({}), loud({ heard_at: null }), loud({ heard_at: '2026-11-29T01:00:00Z' })]).toEqual([false, false, false])
  })
  it('gives the sealed way first, and then everybody who could be asked to tell it', () => {
    const ways = waysTo('bravo', [peer({ leads_to: ['bravo'] }), peer({ party: 'bravo', is_peer: false }), peer({ party: 'northlight', ended: 'lost' })])
    expect(ways.map((way) => [way.to, way.addressee, way.via])).toEqual([['bravo', '', ['meridian']], ['meridian', 'bravo', []]])
  })
})

describe('receipts', () => {
  const said = (given: Partial<StatementView>): StatementView =>
    ({ statement: `${given.act} ${given.of}`, evidence: 'evidenced', carrier: '', fields: [], over_another: false, said_by: given.of, ...given }) as StatementView
  const whole = (hops: MessageWhole['hops'], statements: StatementView[], content: object = {}): MessageWhole =>
    ({ hops, statements, content: { sender: 'alpha', to: 'bravo', addressee: '', ...content } }) as unknown as MessageWhole
  const hop = (party: string, given: object = {}): MessageWhole['hops'][number] => ({ party, received: null, forwarded: null, delivered: null, understood: null, ...given })

  it('name the relay before anything is known of it', () => {
    const [relay, final] = hopsOf(whole([hop('bravo')], []), ['meridian'])
    expect(relay).toMatchObject({ party: 'meridian', role: 'relay' })
    expect(relay!.stages.map((stage) => [stage.act, stage.known])).toEqual([['received', 'unknown'], ['forwarded', 'unknown']])
    expect(final!.stages.map((stage) => stage.act)).toEqual(['received', 'understood'])
  })
  it('are not inferred: what a later party shows says nothing of an earlier one', () => {
    const [relay] = hopsOf(whole([hop('bravo', { received: 'evidenced' }), hop('meridian')], []), ['meridian'])
    expect(relay!.stages.every((stage) => stage.known === 'unknown')).toBe(true)
  })
  it('leave out what was said over other bytes', () => {
    const found = hopsOf(whole([hop('bravo')], [said({ act: 'received', of: 'bravo', over_another: true })]), [])
    expect(found[0]!.stages[0]).toMatchObject({ known: 'unknown', said: [] })
  })
  it('take the own read-back of a party before what others say for it', () => {
    const own = said({ act: 'understood', of: 'bravo', fields: [{ name: 'seen', verdict: 'differs', off_m: 1109, off_s: null }] })
    const claim = said({ statement: 'later', act: 'understood', of: 'bravo', said_by: 'alpha', evidence: 'claimed' })
    expect(readBackOf(whole([], [own, claim]), 'bravo')).toMatchObject({ said: { statement: own.statement }, same: false })
    expect(readBackOf(whole([], []), 'bravo')).toBeUndefined()
  })
})
