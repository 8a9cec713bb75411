/** What has to be in sight: boxes round outlines, tracks and areas. */
import { latOf, lonOf, type LonLat } from './earth'
import type { Picture } from './picture'

/** West, south, east, north. */
export type Bounds = readonly [number, number, number, number]

/** A box round these boxes; undefined where there is none. */
export function boundsOfAll(boxes: readonly Bounds[]): Bounds | undefined {
  const sound = boxes.filter((box) => box.every(Number.isFinite))
  if (sound.length === 0) return undefined
  const edge = (side: 0 | 1 | 2 | 3): number => (side < 2 ? Math.min : Math.max)(...sound.map((box) => box[side]))
  return [edge(0), edge(1), edge(2), edge(3)]
}

/** Where the sign of a track stands: amid its area, where it has one. */
export function signOf(picture: Picture, row: number): LonLat {
  return [lonOf(picture.across[row]!), latOf(picture.down[row]!)]
}

/** Boxes of a track and of the edges of its area; none where it is not in the picture. */
export function boundsOfTrack(picture: Picture, subject: string): Bounds[] {
  const row = picture.rowOf(subject)
  if (row < 0) return []
  const [lon, lat] = signOf(picture, row)
  const boxes: Bounds[] = [[lon, lat, lon, lat]]
  for (const ring of picture.areas.get(subject) ?? []) {
    for (let at = 0; at < ring.length; at += 2) {
      const [across, down] = [lonOf(ring[at]!), latOf(ring[at + 1]!)]
      boxes.push([across, down, across, down])
    }
  }
  return boxes
}
