/**
 * The picture of an instant that is over, as the node gives it: whole, so that what was an area then is one here.
 *
 *     const past = new PastPicture(pictureOf)
 *     past.show({ at, knownThen })
 *
 * One is asked for at a time; of those that were wanted meanwhile, the last.
 */
import { api, taken } from '../api/client'
import { Picture, type Frame } from './picture'
import type { Bounds } from './sight'

const STEPS = 500

/** `knownThen`: by what was known at that instant, in place of what is known now. */
export interface Instant {
  at: number
  knownThen: boolean
}

export class PastPicture {
  readonly picture = new Picture()
  #at = $state<number | undefined>(undefined)
  #error = $state.raw<unknown>(undefined)
  #wanted: Instant | undefined
  #isReading = false

  constructor(private readonly read: (instant: Instant) => Promise<Frame>) {}

  /** Of which instant the picture is; undefined while there is none. */
  get at(): number | undefined {
    return this.#at
  }

  /** Why there is none. */
  get error(): unknown {
    return this.#error
  }

  /** Shows this instant as soon as it is told. */
  async show(instant: Instant): Promise<void> {
    this.#wanted = instant
    if (this.#isReading) return
    this.#isReading = true
    for (let asked = this.#next(); asked; asked = this.#next()) await this.#read(asked)
    this.#isReading = false
  }

  #next(): Instant | undefined {
    const wanted = this.#wanted
    this.#wanted = undefined
    return wanted
  }

  async #read(asked: Instant): Promise<void> {
    try {
      this.picture.takeFrame(await this.read(asked))
      this.#at = asked.at
      this.#error = undefined
    } catch (error) {
      // Another instant in place of this one would be taken for it.
      this.picture.clear()
      this.picture.changed()
      this.#at = undefined
      this.#error = error
    }
  }
}

/** Asks the node. An instant ahead of its clock counts as now. */
export async function pictureOf({ at, knownThen }: Instant): Promise<Frame> {
  const instant = new Date(at).toISOString()
  return (await taken(api.GET('/v1/picture', { params: { query: { at: instant, ...(knownThen ? { known_at: instant } : {}) } } }))) as Frame
}

/** Where a subject was reported in a window, of each step the last; none where that is not to be had. */
export async function placesOf(subject: string, since: number, until: number): Promise<Bounds[]> {
  const stepS = Math.max(1, Math.min(600, Math.round((until - since) / 1000 / STEPS)))
  const query = { subject, since: new Date(since).toISOString(), until: new Date(until).toISOString(), step: `${stepS}s` }
  try {
    const { tracks } = await taken(api.GET('/v1/picture/span', { params: { query } }))
    const [lat, lon] = [tracks.lat.flat(), tracks.lon.flat()]
    return lat.map((one, place): Bounds => [lon[place]!, one, lon[place]!, one])
  } catch {
    return []
  }
}
