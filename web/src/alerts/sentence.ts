/**
 * What an alert or an item of the desk says, in the language of whoever reads: one sentence of our own, and short facts under it.
 *
 * Made from key and parameters as docs/reference/keys.md has them. What somebody else wrote stays apart from our own words (`Theirs`).
 * A key that this console has never heard of has no sentence; its English one, from the node, is shown in its place.
 */
import { dayOf, sameDay, timeOf } from '../parts/times'
import { known, say, sayPieces, type Piece, type Theirs } from '../words/words.svelte'
import { lengthSaid, spanSaid } from './lengths'

export type Params = Readonly<Record<string, unknown>>

/** What alerts, items of the desk and lines of the log have in common. */
export interface Matter {
  key: string
  params: Params
  subject: string
  names: readonly { name: string; source: string }[]
  zone: string
  zone_name?: string
  feed: string
  message: string
  peer: string
  agreement: string
  of_party: string
  text: string
}

export interface Told {
  /** null: only the node has words for it, and those are English. */
  sentence: readonly Piece[] | null
  facts: readonly (readonly Piece[])[]
}

type Value = string | number | boolean | Theirs | null
type Values = Record<string, Value>
type Fact = [key: string, values?: Values | undefined] | null

const EDGE_M = 0.01
// Parameters that are one word of a group: a sentence chooses by them, and does not show them.
const CHOSEN_BY = new Set(['what', 'cause', 'why', 'where', 'direction', 'refusal'])

/** now: milliseconds; an instant of another day is told with its day. partyName: what a party is called. */
export function tell(matter: Matter, now: number, partyName: (id: string) => string = (id) => id): Told {
  const speaker = new Speaker(matter, now, partyName)
  const key = keyOf(matter)
  try {
    return { sentence: known(key) ? sayPieces(key, speaker.values) : null, facts: speaker.facts() }
  } catch {
    return { sentence: null, facts: [] }
  }
}

/** In one line of plain text, what somebody else wrote isolated from what stands around it. */
export function plain(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : `\u2068${piece.theirs.replace(/[\p{Cc}\p{Cf}]/gu, ' ')}\u2069`)).join('')
}

function keyOf({ key, params }: Matter): string {
  if (key === 'approach' && typeof params['soonest_s'] === 'number') return 'alert.say.approach'
  if (typeof params['what'] === 'string' && SEEN.has(key)) return `alert.presence.${slug(params['what'])}`
  if (key === 'read_back_differs' && typeof params['ended'] === 'string') return `alert.say.read_back_differs.${params['ended']}`
  return `alert.say.${key}`
}

const SEEN = new Set(['approach', 'entered', 'left', 'lost', 'found'])
/** "left, still close" is left_still_close, as the node writes it in keys. */
export function slug(what: string): string {
  return what.replaceAll(', ', '_').replaceAll(' ', '_')
}

const theirs = (text: string): Theirs => ({ theirs: text })

class Speaker {
  readonly values: Values

  constructor(
    private readonly matter: Matter,
    private readonly now: number,
    private readonly partyName: (id: string) => string,
  ) {
    this.values = this.#values()
  }

  #values(): Values {
    const { matter } = this
    const values: Values = {
      subject: theirs(calledOf(matter)), zone: theirs(this.#text('zone_name') || matter.zone_name || matter.zone), feed: theirs(matter.feed),
      peer: this.#party(matter.peer), agreement: theirs(matter.agreement), of_party: this.#party(matter.of_party),
    } // prettier-ignore
    for (const [name, value] of Object.entries(matter.params)) values[name] = this.#value(name, value)
    const { params } = matter
    values['whom'] = this.#party(this.#text('addressee') || this.#text('to'))
    for (const name of ['from', 'to', 'addressee', 'party']) if (params[name] !== undefined) values[name] = this.#party(this.#text(name))
    values['marker'] = oneOf(`alert.marker.${params['marker']}`, params['marker'])
    values['pattern'] = oneOf(`alert.kind.${params['pattern']}`, params['pattern'])
    values['free_mb'] = Math.round(Number(params['free_bytes'] ?? 0) / 1e6)
    if (params['zone_name'] === undefined) delete values['zone_name']
    return values
  }

  #value(name: string, value: unknown): Value {
    if (typeof value === 'number') {
      if (/_s$/.test(name)) return spanSaid(value)
      return /_m(_min)?$/.test(name) ? lengthSaid(value) : value
    }
    if (typeof value === 'string') {
      if (CHOSEN_BY.has(name)) return value
      return /_at$/.test(name) ? this.#clock(value) : theirs(value)
    }
    return typeof value === 'boolean' ? value : ''
  }

  #clock(instant: string): string {
    const ms = Date.parse(instant)
    if (Number.isNaN(ms)) return say('parts.time.none')
    const day = sameDay(ms, this.now) ? '' : `${dayOf(ms, this.now)} `
    return say('alert.clock', { time: day + timeOf(ms, 'UTC', false) })
  }

  #party(id: string): Theirs {
    return theirs(id === '' ? '' : this.partyName(id))
  }

  #text(name: string): string {
    const value = this.matter.params[name]
    return typeof value === 'string' ? value : ''
  }

  #number(name: string): number | null {
    const value = this.matter.params[name]
    return typeof value === 'number' ? value : null
  }

  // --- facts ---

  facts(): Piece[][] {
    const found = [
      this.#edge(), this.#likely(), this.#errorAssumed(), this.#reaches(), ...this.#ofPattern(), this.#why(), this.#cause(), ...this.#count(),
      ...this.#flags(), ...this.#named(), ...this.#ofFeed(), ...this.#ofMessage(), ...this.#ofPeer(), ...this.#ofDealings(), ...this.#ofMachine(),
      this.#source(), this.#when(), this.#called(),
    ] // prettier-ignore
    return found.filter((fact) => fact !== null).map(([key, values]) => sayPieces(key.startsWith('alert.') ? key : `alert.fact.${key}`, { ...this.values, ...values }))
  }

  /** What a line is called by beside its parameters. */
  ofLine(line: LogLine): Values {
    const values: Values = { by: theirs(line.by), happened: oneOf(`alert.happened.${line.params['what']}`, line.params['what']) }
    for (const name of ['of', 'towards', 'said_by']) if (typeof line.params[name] === 'string') values[name] = this.#party(this.#text(name))
    if (line.message) values['message'] = theirs(line.message.slice(0, 8))
    return values
  }

  factsOfLine(kind: string): Piece[][] {
    const { params } = this.matter
    const found: Fact[] =
      kind === 'presence' ? [this.#edge(), this.#likely(), this.#errorAssumed(), this.#why(), this.#cause(), this.#source()]
      : kind === 'agreement' ? this.#changes()
      : [
          this.#if(kind === 'statement' || kind === 'standing', 'of_message', { message: theirs(this.#text('message').slice(0, 8)) }),
          this.#if(params['evidence'] === 'claimed', 'claimed', { said_by: this.#party(this.#text('said_by')) }), this.#if(params['late'] === true, 'late'),
          this.#if(params['mismatch'] === true, 'mismatch'), this.#if(this.#number('within_s') !== null, 'within'),
          this.#if(this.#text('words'), 'by_words'), this.#if(this.#text('reason'), 'zone_reason'), this.#if(this.#text('why'), 'reason'),
          this.#if(kind === 'message' && this.#text('due_at'), 'due'),
        ] // prettier-ignore
    const own = { why: theirs(this.#text('why')) }
    return found.filter((fact) => fact !== null).map(([key, values]) => sayPieces(`alert.fact.${key}`, { ...this.values, ...own, ...values }))
  }

  #if(condition: unknown, key: string, values?: Values): Fact {
    return condition ? [key, values] : null
  }

  #side(edgeM: number): string {
    if (Math.abs(edgeM) <= EDGE_M) return say('alert.fact.edge.on')
    return say(`alert.fact.edge.${edgeM < 0 ? 'inside' : 'outside'}`, { length: lengthSaid(edgeM) })
  }

  /** How far from the edge; a report of an area is somewhere in a range. */
  #edge(): Fact {
    const [near, far] = [this.#number('edge_m'), this.#number('edge_far_m')]
    if (near === null) return null
    if (far !== null && far !== near) {
      const blurred = (edge: number): number => (Math.abs(edge) < 0.01 * (far - near) ? 0 : edge)
      return ['edge.range', { near: this.#side(blurred(near)), far: this.#side(blurred(far)) }]
    }
    if (near < -EDGE_M && this.#number('p_inside') === 0) return ['edge.heights']
    if (Math.abs(near) <= EDGE_M) return ['edge.on']
    return [near < 0 ? 'edge.inside' : 'edge.outside', { length: lengthSaid(near) }]
  }

  #likely(): Fact {
    const share = this.#number('p_inside')
    if (share === null || this.#number('edge_m') === null) return null
    const certain = share === 0 || share === 1 || (share >= 0.01 && share <= 0.99)
    return ['likely', { share: Math.round(share * 100) / 100, kind: certain ? 'other' : share < 0.5 ? 'under' : 'over' }]
  }

  #errorAssumed(): Fact {
    return this.#if(this.matter.params['error_assumed'] === true, 'error_assumed')
  }

  #reaches(): Fact {
    const [soonest, latest] = [this.#number('soonest_s'), this.#number('latest_s')]
    if (soonest === null) return null
    const first = spanSaid(soonest < 1 ? 0 : soonest)
    if (latest === null) return ['reaches.or_passes', { first }]
    const last = spanSaid(latest)
    return first === last ? ['reaches.about', { last }] : ['reaches.span', { first, last }]
  }

  #why(): Fact {
    if (this.matter.feed && !this.matter.zone) return null
    const why = this.#text('why')
    return this.#if(known(`alert.fact.why.${why}`), `why.${why}`, { party: this.#party(this.#text('party')), detail: theirs(this.#text('detail')) })
  }

  #cause(): Fact {
    const cause = this.#text('cause')
    return this.#if(known(`alert.fact.cause.${cause}`), `cause.${cause}`)
  }

  #count(): Fact[] {
    const [min, max] = [this.#number('count_min'), this.#number('count_max')]
    const words = this.#if(this.#text('count_words'), 'count.words', { words: theirs(this.#text('count_words')) })
    if (min !== null && max !== null) return [min === max ? ['count.exact', { min }] : ['count.range', { min, max }], words]
    if (min !== null) return [['count.least', { min }], words]
    return [max === null ? null : ['count.most', { max }], words]
  }

  #flags(): Fact[] {
    return words(this.matter.params['flags']).map((flag) => this.#if(known(`alert.fact.flag.${flag}`), `flag.${flag}`))
  }

  #ofPattern(): Fact[] {
    const nearest = this.#number('nearest_m')
    const unattributed = this.#number('unattributed_count') ?? 0
    const { key } = this.matter
    return [
      this.#if(key === 'no_longer_follows' && this.matter.subject, 'pattern_subject'),
      this.#if(this.#number('swept_deg') !== null, 'swept', { swept: this.#number('swept_deg'), least: this.#number('swept_deg_min') }),
      this.#if(this.#number('way_m_min') !== null, 'way'),
      this.#if(this.#number('nearer_m_min') !== null, 'nearer'),
      nearest === null ? null : ['nearest', { where: this.#side(nearest) }],
      this.#if(key === 'closing' || key === 'manned_again', 'subjects'),
      this.#if(this.#text('arrived'), 'arrived'),
      this.#if(this.#text('parties'), 'parties'),
      this.#if(this.#text('parties') && unattributed > 0, 'unattributed', { count: unattributed }),
      this.#if(this.#number('needed') !== null, 'manned'),
      this.#if(this.#number('needed') !== null && this.#text('by'), 'manned_by'),
      this.#if(this.#text('lost'), 'lost'),
      this.#if(this.#number('limit_s') !== null && key === 'dwell', 'limit'),
      this.#if(this.#number('every_s') !== null, 'every'),
      this.#if(this.#text('last_source'), 'last_source'),
      this.#if(key === 'no_longer_foreseen', `where.${this.#text('where') === 'band' ? 'band' : 'inside'}`),
      this.#if(key === 'massing', 'two_names'),
    ]
  }

  #source(): Fact {
    if (this.#text('sources')) return ['sources']
    return this.#if(this.#text('source') && this.matter.zone, 'source')
  }

  #named(): Fact[] {
    return [this.#if(this.#text('grading'), 'grading')]
  }

  #when(): Fact {
    if (this.#text('since_at') && this.#text('seen_at')) return ['between']
    if (this.#text('known_at')) return ['known', { at: this.#clock(this.#text('known_at')) }]
    if (this.#text('last_seen_at')) return ['last_seen']
    return this.#if(this.#text('seen_at'), 'seen', { at: this.#clock(this.#text('seen_at')) })
  }

  #called(): Fact {
    const named = this.matter.names[0]
    return this.#if(named?.source, 'called', { name: theirs(named?.name ?? ''), source: theirs(named?.source ?? '') })
  }

  #ofFeed(): Fact[] {
    const { key, params } = this.matter
    const silent = key === 'feed_silent' || key === 'feed_disconnected'
    return [
      this.#if(silent, 'nobody_watches'),
      silent && 'last_heard_at' in params ? [this.#text('last_heard_at') ? 'last_heard' : 'never_heard'] : null,
      this.#if(silent && this.#number('silent_after_s'), 'silent_after'),
      this.#if(key === 'feed_overloaded', 'rows'),
      this.#if(key === 'feed_overloaded' && this.#text('since_at'), 'since'),
      this.#if((silent || key === 'link_down') && this.#text('why'), 'reason', { why: theirs(this.#text('why')) }),
      this.#if(key.startsWith('feed_') && this.#text('source') && this.#text('source') !== this.matter.feed, 'feed_source'),
    ]
  }

  #ofMessage(): Fact[] {
    const { key, params } = this.matter
    if (typeof params['marker'] !== 'string') return []
    const about = this.#text('about') || [this.#text('about_kind'), this.#text('about_id')].filter(Boolean).join(' ')
    const addressee = this.#text('addressee')
    return [
      this.#if(key === 'message_unconfirmed', 'may_have_arrived'),
      this.#if(key === 'read_back_differs', this.#text('ended') ? 'clear_it' : 'correct_it'),
      this.#if(key === 'message_to_pass_on', 'not_passed_on'),
      this.#if(about, 'about', { about: theirs(about) }),
      this.#if(addressee && addressee !== this.#text('to') && key !== 'message_to_pass_on', 'via'),
      this.#if(this.#text('due_at'), 'due'),
      this.#if(this.#text('valid_until_at'), 'valid'),
      this.#if(this.#text('answers'), 'answers', { answers: theirs(this.#text('answers').slice(0, 8)) }),
      this.#if(this.#text('supersedes'), 'supersedes', { supersedes: theirs(this.#text('supersedes').slice(0, 8)) }),
      this.#nextStep(),
    ]
  }

  #nextStep(): Fact {
    const step = this.matter.params['next_step']
    if (typeof step === 'object' && step !== null && 'words' in step) return ['next_step', { words: theirs(String(step.words)) }]
    return this.#if(this.matter.params['exhausted'] === true, 'exhausted')
  }

  #ofPeer(): Fact[] {
    const { key, params, peer } = this.matter
    if (key === 'link_down') return [['not_arrive'], this.#if(this.#number('failures'), 'failures')]
    if (key === 'peer_refuses_us') {
      const refusal = known(`alert.refusal.${this.#text('refusal')}`) ? this.#text('refusal') : 'peer.unknown'
      return [[`alert.refusal.${refusal}`], ['ask_people'], this.#if(this.#text('says'), 'says')]
    }
    if (key !== 'peer_contradicts_itself') return []
    const what = this.#text('what')
    const by = this.#text('told_by')
    return [
      this.#if(known(`alert.contradiction.${what}`), `alert.contradiction.${what}`, { size: Number(params['size'] ?? 0) }),
      this.#if(by && by !== peer, 'told_by', { told_by: this.#party(by) }),
      [what === 'growth_withheld' ? 'proves_nothing' : 'kept'],
    ]
  }

  #ofDealings(): Fact[] {
    const { key, params, message, zone } = this.matter
    if (key === 'agreement_changed') {
      const relies = message ? 'relies.message' : zone ? 'relies.zone' : 'relies.calls'
      return [...this.#changes(), [relies, { message: theirs(message.slice(0, 8)) }]]
    }
    if (key === 'call_missed') {
      const attempts = words(params['attempts']).map((one) => textOf(`alert.happened.${one}`, one))
      return [
        this.#if((this.#number('missed') ?? 0) > 1, 'missed'), this.#if(attempts.length > 0, 'attempts', { attempts: attempts.join(', ') }),
        this.#if(this.#text('channel'), 'channel'), this.#nextStep(),
      ] // prettier-ignore
    }
    if (key === 'call_due' || key === 'call_ahead') return [this.#if(this.#text('channel'), 'channel'), this.#if(this.#text('grace_until_at'), 'grace')]
    if (key === 'nobody_in_reach') return [['from'], ['until']]
    if (key === 'nobody_in_reach_ahead') return [['until']]
    if (key !== 'stop_called') return []
    const stops = Array.isArray(params['stops']) ? params['stops'] : []
    const missing = words(params['missing']).map((one) => textOf(`alert.missing.${one}`, one))
    return [
      this.#if(this.#text('words'), 'words', { words: theirs(this.#text('words')) }),
      this.#if(missing.length > 0, 'missing', { missing: missing.join(', ') }),
      this.#if(stops.length > 1, 'stops', { count: stops.length }),
    ]
  }

  #changes(): Fact[] {
    const changes = Array.isArray(this.matter.params['changes']) ? (this.matter.params['changes'] as Params[]) : []
    return changes.map((change) => {
      const party = typeof change['party'] === 'string' ? change['party'] : ''
      const values = {
        what: oneOf(`alert.change.${change['what']}`, change['what']), now: valueOf(change['now']), was: valueOf(change['was']), party: this.#party(party),
      } // prettier-ignore
      return [party ? 'change.of' : 'change', values]
    })
  }

  #ofMachine(): Fact[] {
    const { key } = this.matter
    if (key === 'disk_low') return [['least_free']]
    return [this.#if(key === 'clock_behind' || key === 'alerts_not_held', 'not_reliable')]
  }
}

/** What a subject is called: the name that a feed claims, with the id that it reports under. */
export function calledOf({ subject, names }: Pick<Matter, 'subject' | 'names'>): string {
  const name = names[0]?.name
  return name && name !== subject ? `${name} (${subject})` : subject
}

/** A word of a group in our own words; as it is, where we have none. */
function oneOf(key: string, word: unknown): string | Theirs {
  if (typeof word !== 'string') return ''
  return known(key) ? say(key) : theirs(word)
}

function textOf(key: string, word: string): string {
  return known(key) ? say(key) : word
}

/** A list of words, as a list or with commas between them. */
function words(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' && value !== '' ? value.split(', ') : []
}

/** What an agreement has now or had: a word of ours, a version by the begin of its digest, or somebody's own words. */
function valueOf(value: unknown): string | Theirs {
  if (typeof value !== 'string' || value === '') return say('alert.fact.change.none')
  if (known(`alert.value.${value}`)) return say(`alert.value.${value}`)
  return theirs(/^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value)
}

/** A line of the log, or of a thread: its kind, its key among those of the kind, and its parameters. */
export interface LogLine extends Matter {
  kind: string
  by: string
}

/** What a line says. A line of an alert says what the alert does. */
export function tellLine(line: LogLine, now: number, partyName: (id: string) => string = (id) => id): Told {
  if (line.kind === 'alert') return tell(line, now, partyName)
  const speaker = new Speaker(line, now, partyName)
  const otherwise = line.kind === 'statement' && line.key === 'understood' && line.params['differs'] === true ? '_otherwise' : ''
  const key = line.kind === 'presence' ? `alert.presence.${line.key}` : `alert.line.${line.kind}.${line.key}${otherwise}`
  try {
    return { sentence: known(key) ? sayPieces(key, { ...speaker.values, ...speaker.ofLine(line) }) : null, facts: speaker.factsOfLine(line.kind) }
  } catch {
    return { sentence: null, facts: [] }
  }
}
