/** About how far a position is from the edge of a zone as it is drawn. What counts is the node's. */
import { between, type LonLat } from './earth'
import type { Outline, Rings } from './outlines'

const M_PER_DEG = 111_195

/** Metres to the edge, negative inside; infinite where there is none. */
export function toEdge(at: LonLat, { parts }: Outline): number {
  let nearest = { apart: Infinity, point: at }
  for (const ring of parts.flat()) {
    for (let i = 1; i < ring.length; i++) {
      const point = nearestOf(at, ring[i - 1] as unknown as LonLat, ring[i] as unknown as LonLat)
      const [x, y] = planar(at, point)
      const apart = Math.hypot(x, y)
      if (apart < nearest.apart) nearest = { apart, point }
    }
  }
  if (nearest.apart === Infinity) return Infinity
  const { metres } = between(at, nearest.point)
  return parts.some((rings) => contains(rings, at)) ? -metres : metres
}

/** Whether a position lies in an area, as it is drawn. */
export function contains(rings: Rings, [lon, lat]: LonLat): boolean {
  let inside = false
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i++) {
      const [[lon1, lat1], [lon2, lat2]] = [ring[i - 1] as unknown as LonLat, ring[i] as unknown as LonLat]
      const turned = lon + 360 * Math.round((lon1 - lon) / 360)
      if (lat1 > lat !== lat2 > lat && turned < lon1 + ((lon2 - lon1) * (lat - lat1)) / (lat2 - lat1)) inside = !inside
    }
  }
  return inside
}

function planar([lon, lat]: LonLat, other: LonLat): [number, number] {
  const east = other[0] - lon - 360 * Math.round((other[0] - lon) / 360)
  return [east * M_PER_DEG * Math.cos((lat * Math.PI) / 180), (other[1] - lat) * M_PER_DEG]
}

function nearestOf(at: LonLat, from: LonLat, to: LonLat): LonLat {
  const [x1, y1] = planar(at, from)
  const [x2, y2] = planar(at, to)
  const [dx, dy] = [x2 - x1, y2 - y1]
  const along = dx === 0 && dy === 0 ? 0 : Math.max(0, Math.min(1, -(x1 * dx + y1 * dy) / (dx * dx + dy * dy)))
  return [from[0] + (to[0] - from[0]) * along, from[1] + (to[1] - from[1]) * along]
}
