/** A place as somebody types it into a form that nothing may hold up. */
import { api, taken } from '../../api/client'
import type { PlaceFact } from './content'

/** The coordinates in a text as a fact, as the node reads them; undefined where it reads none, or is not reached. */
export async function placeOf(text: string): Promise<PlaceFact | undefined> {
  const typed = text.trim()
  if (typed === '') return undefined
  try {
    const read = await taken(api.GET('/v1/places', { params: { query: { q: typed.slice(0, 200) } } }))
    const at = read.position
    if (!at) return undefined
    return {
      is: 'place', name: 'where', lat_e7: Math.round(at.lat * 1e7), lon_e7: Math.round(at.lon * 1e7), accuracy_mm: Math.round(at.accuracy_m * 1000),
      as_entered: typed, called: '',
    } // prettier-ignore
  } catch {
    return undefined
  }
}

/** Where, in words: what was said, and what was meant as coordinates and could not be read as such. */
export function whereWords(said: string, coordinates: string, found: PlaceFact | undefined): string {
  return [said.trim(), found ? '' : coordinates.trim()].filter(Boolean).join(' · ')
}
