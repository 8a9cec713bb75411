/**
 * What is between this party and another, worked out of the lists of the node: who waits for whom, how a message came through, by whose word.
 *
 * Nothing here concludes anything about a message: debts, hops and comparisons are the node's.
 */
import type { MessageView, MessageWhole, PeerView, StatementView } from '../../api/schema'
import { contentOf } from './content'

// --- conversations ---

export interface Conversation {
  party: string
  /** In the order in which this node learned of them. */
  messages: MessageView[]
  last: MessageView | undefined
  unconfirmed: MessageView[]
  /** Since when the oldest of them is unconfirmed. */
  since: number | undefined
  /** Read back otherwise than it was said, and not corrected yet. */
  differs: MessageView[]
  /** What they ask of us and have not got. */
  asks: MessageView[]
}

/** Whose conversation a message belongs to: the party whose word it takes, or who said it. */
export function counterpart(message: Pick<MessageView, 'direction' | 'sender' | 'to' | 'addressee'>): string {
  return message.direction === 'out' ? message.addressee || message.to : message.sender
}

const UNPAID = new Set(['owed', 'unconfirmed', 'stand_by'])

/** One for each party that is known or spoken with; first those where somebody is needed. */
export function conversationsOf(messages: readonly MessageView[], parties: readonly string[]): Conversation[] {
  const by = new Map<string, MessageView[]>(parties.map((party) => [party, []]))
  for (const message of messages) {
    const party = counterpart(message)
    const held = by.get(party)
    if (held) held.push(message)
    else by.set(party, [message])
  }
  return [...by].map(([party, some]) => conversationOf(party, some)).sort(before)
}

function conversationOf(party: string, messages: MessageView[]): Conversation {
  const out = messages.filter((message) => message.direction === 'out')
  const unconfirmed = out.filter((message) => message.debt === 'unconfirmed')
  const differs = out.filter((message) => message.mismatch && message.debt !== 'superseded' && message.debt !== 'settled')
  const asks = messages.filter((message) => message.direction === 'in' && UNPAID.has(message.debt))
  const since = unconfirmed.length > 0 ? Math.min(...unconfirmed.map((message) => Date.parse(message.due_at))) : undefined
  return { party, messages, last: messages.at(-1), unconfirmed, since, differs, asks }
}

function before(a: Conversation, b: Conversation): number {
  return weight(b) - weight(a) || lastAt(b) - lastAt(a) || a.party.localeCompare(b.party)
}

function weight(one: Conversation): number {
  if (one.differs.length > 0) return 3
  if (one.unconfirmed.length > 0) return 2
  return one.asks.length > 0 ? 1 : 0
}

function lastAt(one: Conversation): number {
  return one.last ? Date.parse(one.last.known_at) : 0
}

// --- links ---

export type LinkState = 'by_hand' | 'ended' | 'refuses' | 'down' | 'quiet' | 'never' | 'heard'

export interface Link {
  state: LinkState
  /** Parties that pass on what they cannot read; empty where nobody is between. */
  via: string[]
  /** When anything came last over it. */
  heardAt: string | null
  failure: string
}

export const QUIET_MS = 120_000
const LOUD: readonly LinkState[] = ['ended', 'refuses', 'down']

/** Whether a link is broken, and nothing may be arriving. */
export function isLoud(link: Link): boolean {
  return LOUD.includes(link.state)
}

/** How a party is reached: by its own link, through others, or by hand. */
export function linkOf(party: string, peers: readonly PeerView[], nowMs: number): Link {
  const own = peers.find((peer) => peer.party === party)
  if (own?.ended) return { state: 'ended', via: [], heardAt: own.heard_at ?? null, failure: own.ended }
  if (own?.is_peer) return { ...stateOf(own, nowMs), via: [] }
  const through = peers.filter((peer) => peer.is_peer && peer.leads_to.includes(party))
  if (own && through.length > 0) {
    const links = through.map((peer) => stateOf(peer, nowMs))
    const best = links.find((link) => link.state === 'heard') ?? links.find((link) => !LOUD.includes(link.state)) ?? links[0]!
    return { ...best, via: through.map((peer) => peer.party) }
  }
  return { state: 'by_hand', via: [], heardAt: null, failure: '' }
}

function stateOf(peer: PeerView, nowMs: number): Omit<Link, 'via'> {
  const heardAt = peer.heard_at ?? null
  const said = { heardAt, failure: peer.failure }
  if (peer.ended) return { ...said, state: 'ended' }
  if (peer.refuses_us) return { ...said, state: 'refuses', failure: peer.refuses_us }
  if (peer.failure) return { ...said, state: 'down' }
  if (heardAt === null) return { ...said, state: 'never' }
  return { ...said, state: nowMs - Date.parse(heardAt) > QUIET_MS ? 'quiet' : 'heard' }
}

// --- ways ---

/** How a message can go to a party: `to` opens it, `addressee` is whom it is meant for where that is somebody else. */
export interface Way {
  key: string
  to: string
  addressee: string
  /** Parties that carry it sealed. */
  via: string[]
}

/** The ways to a party, the shortest first: to itself, carried sealed or not; or told to it by somebody who reads it. */
export function waysTo(party: string, peers: readonly PeerView[]): Way[] {
  const own = peers.find((peer) => peer.party === party)
  const through = peers.filter((peer) => peer.is_peer && peer.leads_to.includes(party)).map((peer) => peer.party)
  const ways: Way[] = [{ key: 'to', to: party, addressee: '', via: own?.is_peer ? [] : own ? through : [] }]
  for (const peer of peers) {
    if (peer.is_peer && peer.party !== party && !peer.ended) ways.push({ key: `told:${peer.party}`, to: peer.party, addressee: party, via: [] })
  }
  return ways
}

// --- receipts ---

export const STAGES = ['received', 'forwarded', 'delivered', 'understood'] as const
export type StageName = (typeof STAGES)[number]
export type Known = 'evidenced' | 'claimed' | 'unknown'

export interface Stage {
  act: StageName
  known: Known
  /** Words that say so, evidence first. */
  said: StatementView[]
}

export interface Hop {
  party: string
  role: 'relay' | 'to' | 'final'
  stages: Stage[]
}

const EXPECTED: Record<Hop['role'], readonly StageName[]> = {
  relay: ['received', 'forwarded'],
  to: ['received', 'delivered'],
  final: ['received', 'understood'],
}

/** The way of a message, party by party in its order, with what is known of each; `via`: who is to carry it, of whom nothing may be known. */
export function hopsOf(whole: MessageWhole, via: readonly string[]): Hop[] {
  const content = contentOf(whole)
  const final = content.addressee || content.to
  const relays = whole.hops.map((hop) => hop.party).filter((party) => party !== content.to && party !== final)
  const parties = [...new Set([...relays, ...via, content.to, final])].filter((party) => party !== content.sender)
  return parties.map((party) => {
    const role = party === final ? 'final' : party === content.to ? 'to' : 'relay'
    const hop = whole.hops.find((one) => one.party === party)
    const stages = STAGES.filter((act) => EXPECTED[role].includes(act) || hop?.[act]).map((act) => ({
      act,
      known: (hop?.[act] ?? 'unknown') as Known,
      said: whole.statements.filter((said) => said.act === act && said.of === party && !said.over_another).sort(evidenceFirst),
    }))
    return { party, role, stages }
  })
}

function evidenceFirst(a: StatementView, b: StatementView): number {
  return Number(a.evidence !== 'evidenced') - Number(b.evidence !== 'evidenced')
}

/** Who says so, where it is a claim: whoever brought the word, or the party that passes it on. */
export function claimant(said: StatementView): { carrier: string; party: string } {
  return { carrier: said.carrier, party: said.said_by }
}

/** The newest read-back of a party, and whether it is as it was said; undefined where it has none. */
export function readBackOf(whole: MessageWhole, party: string): { said: StatementView; same: boolean } | undefined {
  const all = whole.statements.filter((said) => said.act === 'understood' && said.of === party && !said.over_another)
  const own = all.filter((said) => said.evidence === 'evidenced')
  const said = (own.length > 0 ? own : all).at(-1)
  return said && { said, same: said.fields.every((field) => field.verdict === 'same') }
}

/** Words about a message that no stage shows: say again, stand by, refused, and those over other bytes. */
export function otherWords(whole: MessageWhole): StatementView[] {
  return whole.statements.filter((said) => said.over_another || !['sent', ...STAGES].includes(said.act))
}

/** What a message of the other side asks of us. */
export function asked(marker: string): 'read_back' | 'answer' | 'nothing' {
  if (marker === 'question' || marker === 'request') return 'answer'
  return marker === 'answer' ? 'nothing' : 'read_back'
}
