/**
 * Who is where, as columns: row i of every column belongs to one track, and there is no object for any of them.
 *
 * Times are milliseconds UTC, lengths metres, angles degrees; what is not known is NaN, and -1 in a column of numbers into a table.
 * A picture changes in place, and then tells whoever draws it (`onChange`).
 */
import type { AboutTracks, AreaView, MovedTracks, NameView, Picture as PictureFrame, TrackView } from '../api/schema'
import { acrossOf, downOf, type LonLat } from './earth'
import { circleRing } from './outlines'

/** Bits of `flags`. */
export const AREA = 1
export const ASSUMED = 2
export const INSIDE = 4
export const CLOSE = 8
export const LOST = 16

const FIRST_ROOM = 256
const NO_NAMES: readonly NameView[] = []

/** What the node sends of a picture: all of it, or what has changed. docs/spec/picture.md says what is in it. */
export type Frame = PictureFrame

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
  /** Entries of the record that it rests on. */
  size = 0
  /** How many tracks there are besides, beyond as many as a picture has. */
  leftOff = 0
  readonly subjects: string[] = []
  /** What they are called, by who says so; the first of them is written beside the sign. */
  readonly called: (readonly NameView[])[] = []
  readonly names: string[] = []
  readonly parties = new Table()
  readonly sources = new Table()
  readonly counts = new Table()
  readonly countWords = new Table()
  /** The areas of reports that name one, as rings on the map: across and down, by turns. */
  readonly areas = new Map<string, Float64Array[]>()
  /** By subject, how it stands towards zones where it is not simply clear. */
  readonly standing = new Map<string, Readonly<Record<string, string>>>()
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
  strengthWords = new Int32Array(FIRST_ROOM)
  flags = new Uint8Array(FIRST_ROOM)
  readonly #rows = new Map<string, number>()
  readonly #subjectOf = new Map<number, string>()
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
    this.called.length = 0
    this.areas.clear()
    this.standing.clear()
    this.#rows.clear()
    this.#subjectOf.clear()
  }

  /** The row of a subject, which is made where there is none; what stands in a new one is not yet anything. */
  put(subject: string): number {
    const held = this.#rows.get(subject)
    if (held !== undefined) return held
    const row = this.count++
    if (row >= this.lat.length) this.#grow()
    this.subjects[row] = subject
    this.names[row] = ''
    this.called[row] = NO_NAMES
    this.strength[row] = this.strengthWords[row] = this.party[row] = this.source[row] = -1
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
    this.areas.delete(subject)
    this.standing.delete(subject)
    const last = --this.count
    if (row !== last) {
      const moved = this.subjects[last]!
      this.subjects[row] = moved
      this.names[row] = this.names[last]!
      this.called[row] = this.called[last]!
      for (const column of this.#columns()) column[row] = column[last]!
      this.#rows.set(moved, row)
    }
    this.subjects.length = this.names.length = this.called.length = last
    this.#rows.delete(subject)
  }

  /** Takes what the node has sent: a whole picture, or what has changed since the last one. */
  takeFrame(frame: Frame): void {
    if (frame.whole) this.clear()
    this.at = frame.at
    this.size = frame.size
    this.assumedErrorM = frame.assumed_error_m
    this.leftOff = frame.left_off ?? 0
    for (const track of frame.gone ?? []) {
      this.remove(this.#subjectOf.get(track) ?? '')
      this.#subjectOf.delete(track)
    }
    if (frame.about) this.#takeAbout(frame.about)
    if (frame.moved) this.#takeMoved(frame.moved)
    const { areas, standing } = frame
    areas?.track.forEach((track, i) => {
      const subject = this.#subjectOf.get(track) ?? ''
      const row = this.rowOf(subject)
      if (row < 0) return
      const rings = ringsOf(areas.area[i]!)
      this.areas.set(subject, rings)
      this.#amid(row, rings)
      this.flags[row] = (this.flags[row]! | AREA) & ~ASSUMED
    })
    standing?.track.forEach((track, i) => this.#stands(this.#subjectOf.get(track) ?? '', standing.zones[i]!))
    this.changed()
  }

  #takeAbout(about: AboutTracks): void {
    about.track.forEach((track, i) => {
      const subject = about.subject[i]!
      this.#subjectOf.set(track, subject)
      const row = this.put(subject)
      this.#name(row, about.names[i]!)
      this.party[row] = this.parties.numberOf(about.party[i]!)
      this.source[row] = this.sources.numberOf(about.source[i]!)
      const count = about.count[i]
      this.strength[row] = count ? this.counts.numberOf(countText(count.low, count.high)) : -1
      this.strengthWords[row] = count ? this.countWords.numberOf(count.as_entered) : -1
    })
  }

  #takeMoved(moved: MovedTracks): void {
    moved.track.forEach((track, i) => {
      const subject = this.#subjectOf.get(track)
      const row = subject === undefined ? -1 : this.rowOf(subject)
      if (row < 0) return
      this.areas.delete(subject!)
      this.place(row, moved.lat[i]!, moved.lon[i]!)
      this.seen[row] = moved.seen_at[i]!
      this.known[row] = moved.known_at[i]!
      this.error[row] = moved.error_m[i] ?? Number.NaN
      this.height[row] = moved.height_m[i] ?? Number.NaN
      this.speed[row] = moved.speed_mps[i] ?? Number.NaN
      this.course[row] = moved.course_deg[i] ?? Number.NaN
      this.flags[row] = (this.flags[row]! & ~(AREA | ASSUMED)) | (moved.error_m[i] === null ? ASSUMED : 0)
    })
  }

  #stands(subject: string, zones: Readonly<Record<string, string>>): void {
    const row = this.rowOf(subject)
    if (row < 0) return
    const states = Object.values(zones)
    if (states.length > 0) this.standing.set(subject, zones)
    else this.standing.delete(subject)
    const said = (states.includes('inside') ? INSIDE : 0) | (states.includes('close') ? CLOSE : 0) | (states.includes('lost') ? LOST : 0)
    this.flags[row] = (this.flags[row]! & ~(INSIDE | CLOSE | LOST)) | said
  }

  #name(row: number, names: readonly NameView[]): void {
    this.called[row] = names.length > 0 ? names : NO_NAMES
    this.names[row] = names[0]?.name ?? ''
  }

  /** Takes a whole picture from the list of tracks, as of an instant. */
  takeTracks(tracks: readonly TrackView[], at: number): void {
    this.clear()
    this.at = at
    for (const track of tracks) {
      const row = this.put(track.subject)
      this.place(row, track.lat, track.lon)
      this.#name(row, track.names)
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
  takePresence(presences: readonly { subject: string; zone: string; state: string }[]): void {
    for (const subject of [...this.standing.keys()]) this.#stands(subject, {})
    const zones = new Map<string, Record<string, string>>()
    for (const { subject, zone, state } of presences) zones.set(subject, { ...zones.get(subject), [zone]: state })
    for (const [subject, stands] of zones) this.#stands(subject, stands)
    this.changed()
  }

  /** The symbol of an area stands amid it: what a sector is measured from is somebody else's place. */
  #amid(row: number, [outer]: readonly Float64Array[]): void {
    if (outer === undefined || outer.length === 0) return
    let [across, down] = [0, 0]
    for (let i = 0; i < outer.length; i += 2) {
      across += outer[i]!
      down += outer[i + 1]!
    }
    this.across[row] = (2 * across) / outer.length
    this.down[row] = (2 * down) / outer.length
  }

  #columns(): (Float64Array | Float32Array | Int32Array | Uint8Array)[] {
    const { across, down, lat, lon, seen, known, error, height, speed, course, party, source, strength, strengthWords, flags } = this
    return [across, down, lat, lon, seen, known, error, height, speed, course, party, source, strength, strengthWords, flags]
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
    this.strengthWords = whole(this.strengthWords)
    this.flags = copied(new Uint8Array(room), this.flags)
  }
}

/** Whether the words of a report are the same number once more: "12-15" is 12–15. */
export function isSameCount(counted: string, words: string): boolean {
  return words.replace(/\s+/g, '').replace(/[-‐‑‒—]/g, '–') === counted
}

/** "20–40", "7", "50+": whole numbers as somebody has counted them. */
function countText(low: number, high: number | null): string {
  return high === null ? `${low}+` : high === low ? String(low) : `${low}–${high}`
}

function ringsOf(area: AreaView): Float64Array[] {
  if (area.kind === 'outline') return (area.rings ?? []).map((ring) => placed(ring.map(([lat, lon]) => [lon, lat])))
  const centre: LonLat = [area.lon!, area.lat!]
  const [from, to, inner] = [area.from_deg ?? 0, area.to_deg ?? 360, area.inner_radius_m ?? 0]
  const turn = area.kind === 'circle' ? 360 : (((to - from) % 360) + 360) % 360 || 360
  const outer = circleRing(centre, area.radius_m!, from, turn)
  const back = inner > 0 ? circleRing(centre, inner, from, turn).reverse() : []
  if (turn === 360) return [placed(outer), ...(inner > 0 ? [placed(back)] : [])]
  return [placed([...outer, ...(inner > 0 ? back : [centre])])]
}

function placed(ring: readonly LonLat[]): Float64Array {
  const found = new Float64Array(2 * ring.length)
  ring.forEach(([lon, lat], i) => found.set([acrossOf(lon), downOf(lat)], 2 * i))
  return found
}

function copied<T extends { set(from: ArrayLike<number>): void }>(to: T, from: ArrayLike<number>): T {
  to.set(from)
  return to
}
