/**
 * A position in the notation that somebody reads: decimal degrees, degrees and minutes, MGRS, UTM. As `keepclear.geo.places` writes it.
 *
 * UTM and MGRS are worked out by the library `geodesy` (Karney's series, to nanometres), so that the pointer asks the node for nothing.
 * Beyond 84 N and 80 S there is no UTM; the node writes UPS there, and this says nothing.
 */
import { LatLon } from 'geodesy/mgrs.js'
import type { Notation } from '../state/preferences.svelte'

/** With so many decimals of a degree, or what is as fine. Empty where the notation has no words for it. */
export function written(lat: number, lon: number, notation: Notation, decimals = 5): string {
  const turned = ((((lon + 180) % 360) + 360) % 360) - 180
  switch (notation) {
    case 'decimal':
      return `${Math.abs(lat).toFixed(decimals)}${lat < 0 ? 'S' : 'N'} ${Math.abs(turned).toFixed(decimals)}${turned < 0 ? 'W' : 'E'}`
    case 'dms':
      return `${dms(lat, 2)}${lat < 0 ? 'S' : 'N'} ${dms(turned, 3)}${turned < 0 ? 'W' : 'E'}`
    case 'dm':
      return `${dm(lat, 2)}${lat < 0 ? 'S' : 'N'} ${dm(turned, 3)}${turned < 0 ? 'W' : 'E'}`
    case 'mgrs':
    case 'utm':
      return grid(lat, turned, notation)
  }
}

function dms(degrees: number, digits: number): string {
  const tenths = Math.round(Math.abs(degrees) * 36_000)
  const [d, m, s] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10]
  return `${String(d).padStart(digits, '0')}°${String(m).padStart(2, '0')}'${s.toFixed(1).padStart(4, '0')}"`
}

function dm(degrees: number, digits: number): string {
  const thousandths = Math.round(Math.abs(degrees) * 60_000)
  const [d, m] = [Math.floor(thousandths / 60_000), (thousandths % 60_000) / 1000]
  return `${String(d).padStart(digits, '0')}-${m.toFixed(3).padStart(6, '0')}`
}

function grid(lat: number, lon: number, notation: 'mgrs' | 'utm'): string {
  if (lat > 84 || lat < -80) return ''
  const utm = new LatLon(lat, lon).toUtm()
  const mgrs = utm.toMgrs()
  if (notation === 'mgrs') return mgrs.toString(10)
  return `${utm.zone}${mgrs.band} ${String(Math.round(utm.easting)).padStart(6, '0')}mE ${String(Math.round(utm.northing)).padStart(7, '0')}mN`
}
