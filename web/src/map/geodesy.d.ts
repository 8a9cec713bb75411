/** What of the library `geodesy` the console uses; it brings no types of its own. */
declare module 'geodesy/mgrs.js' {
  interface Mgrs {
    band: string
    toString(digits: number): string
  }
  interface Utm {
    zone: number
    easting: number
    northing: number
    toMgrs(): Mgrs
  }
  export class LatLon {
    constructor(lat: number, lon: number)
    toUtm(): Utm
  }
}
