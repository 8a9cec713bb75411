/** Where everybody was at an instant, from the reports of a window: the newest that had been seen, and, as known then, that had come. */
import { ASSUMED, type Picture } from '../../map/picture'

/** The reports of one subject, in the order in which they were seen. Times in milliseconds UTC; an error that is not stated is NaN. */
export interface Track {
  subject: string
  name: string
  party: string
  seen: Float64Array
  known: Float64Array
  lat: Float64Array
  lon: Float64Array
  error: Float32Array
}

/** The place of the newest report seen not after `at`, and, with `asKnown`, known not after it; -1 where there is none. */
export function newestAt(track: Track, at: number, asKnown: boolean): number {
  let low = 0
  let high = track.seen.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (track.seen[middle]! <= at) low = middle + 1
    else high = middle
  }
  let found = low - 1
  while (asKnown && found >= 0 && track.known[found]! > at) found -= 1
  return found
}

/** Lets a picture be that of an instant. */
export function showAt(picture: Picture, tracks: readonly Track[], at: number, asKnown: boolean): void {
  picture.clear()
  picture.at = at
  for (const track of tracks) {
    const place = newestAt(track, at, asKnown)
    if (place < 0) continue
    const row = picture.put(track.subject)
    picture.place(row, track.lat[place]!, track.lon[place]!)
    picture.names[row] = track.name
    picture.party[row] = picture.parties.numberOf(track.party)
    picture.seen[row] = track.seen[place]!
    picture.known[row] = track.known[place]!
    picture.error[row] = track.error[place]!
    picture.flags[row] = Number.isNaN(track.error[place]!) ? ASSUMED : 0
  }
  picture.changed()
}
