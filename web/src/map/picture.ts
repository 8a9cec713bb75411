/**
 * Who is where, as columns: row i of every column belongs to one track, and there is no object for any of them.
 *
 * Times are milliseconds UTC, lengths metres, angles degrees; what is not known is NaN, and -1 in a column of numbers into a table.
 * A picture changes in place, and then tells whoever draws it (`onChange`).
 */
import type { TrackView } from '../api/schema'
import { acrossOf, downOf } from './earth'

/** Bits of `flags`. */
export const AREA = 1
export const ASSUMED = 2
export const INSIDE = 4
export const CLOSE = 8
export const LOST = 16

const FIRST_ROOM = 256

/** Texts that come again and again, by number. */
class Table {
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()

  numberOf(text: string): number {
    if (text === '') return -1
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.texts.push(text) - 1
      this.#numbers.set(text, number)
    }
    return number
  }

  textOf(number: number): string {
    return number < 0 ? '' : (this.texts[number] ?? '')
  }
}

export class Picture {
  count = 0
  /** Of which instant this is; 0 before anything was heard. */
  at = 0
  /** What the node takes for the error of a report that states none; NaN where it does not say. */
  assumedErrorM = Number.NaN
  readonly subjects: string[] = []
  readonly names: string[] = []
  readonly parties = new Table()
  readonly sources = new Table()
  readonly counts = new Table()
  across = new Float64Array(FIRST_ROOM)
  down = new Float64Array(FIRST_ROOM)
  lat = new Float64Array(FIRST_ROOM)
  lon = new Float64Array(FIRST_ROOM)
  seen = new Float64Array(FIRST_ROOM)
  known = new Float64Array(FIRST_ROOM)
  error = new Float32Array(FIRST_ROOM)
  height = new Float32Array(FIRST_ROOM)
  speed = new Float32Array(FIRST_ROOM)
  course = new Float32Array(FIRST_ROOM)
  party = new Int32Array(FIRST_ROOM)
  source = new Int32Array(FIRST_ROOM)
  strength = new Int32Array(FIRST_ROOM)
  flags = new Uint8Array(FIRST_ROOM)
  readonly #rows = new Map<string, number>()
  readonly #hearers = new Set<() => void>()

  /** The row of a subject; -1 where there is none. */
  rowOf(subject: string): number {
    return this.#rows.get(subject) ?? -1
  }

  /** Calls whenever the picture has changed; gives what ends that. */
  onChange(does: () => void): () => void {
    this.#hearers.add(does)
    return () => this.#hearers.delete(does)
  }

  changed(): void {
    for (const does of this.#hearers) does()
  }

  clear(): void {
    this.count = 0
    this.subjects.length = 0
    this.names.length = 0
    this.#rows.clear()
  }

  /** The row of a subject, which is made where there is none; what stands in a new one is not yet anything. */
  put(subject: string): number {
    const held = this.#rows.get(subject)
    if (held !== undefined) return held
    const row = this.count++
    if (row >= this.lat.length) this.#grow()
    this.subjects[row] = subject
    this.names[row] = ''
    this.strength[row] = this.party[row] = this.source[row] = -1
    this.error[row] = this.height[row] = this.speed[row] = this.course[row] = Number.NaN
    this.flags[row] = 0
    this.#rows.set(subject, row)
    return row
  }

  place(row: number, lat: number, lon: number): void {
    this.lat[row] = lat
    this.lon[row] = lon
    this.across[row] = acrossOf(lon)
    this.down[row] = downOf(lat)
  }

  /** Takes a track out: the last row moves into its place. */
  remove(subject: string): void {
    const row = this.rowOf(subject)
    if (row < 0) return
    const last = --this.count
    if (row !== last) {
      const moved = this.subjects[last]!
      this.subjects[row] = moved
      this.names[row] = this.names[last]!
      for (const column of this.#columns()) column[row] = column[last]!
      this.#rows.set(moved, row)
    }
    this.subjects.length = this.names.length = last
    this.#rows.delete(subject)
  }

  /** Takes a whole picture from the list of tracks, as of an instant. */
  takeTracks(tracks: readonly TrackView[], at: number): void {
    this.clear()
    this.at = at
    for (const track of tracks) {
      const row = this.put(track.subject)
      this.place(row, track.lat, track.lon)
      this.names[row] = track.names[0]?.name ?? ''
      this.seen[row] = Date.parse(track.seen_at)
      this.known[row] = Date.parse(track.known_at)
      this.error[row] = track.error_m ?? Number.NaN
      this.height[row] = track.height_m ?? Number.NaN
      this.speed[row] = track.speed_mps ?? Number.NaN
      this.course[row] = track.course_deg ?? Number.NaN
      this.party[row] = this.parties.numberOf(track.party)
      this.source[row] = this.sources.numberOf(track.source)
      this.flags[row] = track.is_area ? AREA : track.error_m === null ? ASSUMED : 0
    }
    this.changed()
  }

  /** Marks who is in or near a zone, and takes the marks of all others away. `state`: inside, close, lost. */
  takePresence(presences: readonly { subject: string; state: string }[]): void {
    for (let row = 0; row < this.count; row++) this.flags[row]! &= ~(INSIDE | CLOSE | LOST)
    for (const { subject, state } of presences) {
      const row = this.rowOf(subject)
      if (row >= 0) this.flags[row]! |= state === 'inside' ? INSIDE : state === 'lost' ? LOST : state === 'close' ? CLOSE : 0
    }
    this.changed()
  }

  #columns(): (Float64Array | Float32Array | Int32Array | Uint8Array)[] {
    const { across, down, lat, lon, seen, known, error, height, speed, course, party, source, strength, flags } = this
    return [across, down, lat, lon, seen, known, error, height, speed, course, party, source, strength, flags]
  }

  #grow(): void {
    const room = 2 * this.lat.length
    const wide = (column: Float64Array): Float64Array<ArrayBuffer> => copied(new Float64Array(room), column)
    const narrow = (column: Float32Array): Float32Array<ArrayBuffer> => copied(new Float32Array(room), column)
    const whole = (column: Int32Array): Int32Array<ArrayBuffer> => copied(new Int32Array(room), column)
    this.across = wide(this.across)
    this.down = wide(this.down)
    this.lat = wide(this.lat)
    this.lon = wide(this.lon)
    this.seen = wide(this.seen)
    this.known = wide(this.known)
    this.error = narrow(this.error)
    this.height = narrow(this.height)
    this.speed = narrow(this.speed)
    this.course = narrow(this.course)
    this.party = whole(this.party)
    this.source = whole(this.source)
    this.strength = whole(this.strength)
    this.flags = copied(new Uint8Array(room), this.flags)
  }
}

function copied<T extends { set(from: ArrayLike<number>): void }>(to: T, from: ArrayLike<number>): T {
  to.set(from)
  return to
}
