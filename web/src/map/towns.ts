/** Names of towns, from the gazetteer that comes with the console (GeoNames, CC BY 4.0): brought when somebody looks closely enough. */

export interface Town {
  name: string
  lon: number
  lat: number
}

/** The table as it came, with where each line begins and lies; `order`: lines by the degree square that they lie in, from `first` of it on. */
export interface Towns {
  text: string
  begins: Int32Array
  lat: Float32Array
  lon: Float32Array
  order: Int32Array
  first: Int32Array
}

const SQUARES = 360 * 181
const SHOWN_MAX = 300
let brought: Promise<Towns> | undefined

export function bringTowns(): Promise<Towns> {
  brought ??= read().catch((error: unknown) => {
    brought = undefined
    throw error
  })
  return brought
}

async function read(): Promise<Towns> {
  const packed = await fetch('/places.tsv.gz')
  if (!packed.ok || packed.body === null) throw new Error(`places: ${packed.status}`)
  return squares(await new Response(packed.body.pipeThrough(new DecompressionStream('gzip'))).text())
}

/** Reads the table without an object for any of its 170,000 towns. Columns: name, country, division, lat, lon. */
export function squares(text: string): Towns {
  const count = (text.match(/\n/g)?.length ?? 1) - 1
  const [begins, lat, lon] = [new Int32Array(count), new Float32Array(count), new Float32Array(count)]
  const [square, first] = [new Int32Array(count), new Int32Array(SQUARES + 1)]
  let begin = text.indexOf('\n') + 1
  for (let row = 0; row < count; row++) {
    const end = text.indexOf('\n', begin)
    const lonTab = text.lastIndexOf('\t', end)
    const latTab = text.lastIndexOf('\t', lonTab - 1)
    begins[row] = begin
    lat[row] = Number(text.slice(latTab + 1, lonTab))
    lon[row] = Number(text.slice(lonTab + 1, end))
    square[row] = squareOf(lon[row]!, lat[row]!)
    first[square[row]! + 1]!++
    begin = end + 1
  }
  for (let i = 1; i <= SQUARES; i++) first[i]! += first[i - 1]!
  const [order, next] = [new Int32Array(count), first.slice()]
  for (let row = 0; row < count; row++) order[next[square[row]!]!++] = row
  return { text, begins, lat, lon, order, first }
}

export function townsWithin(towns: Towns, west: number, south: number, east: number, north: number): Town[] {
  const found: Town[] = []
  for (let lat = Math.floor(south); lat <= north; lat++) {
    for (let lon = Math.floor(west); lon <= east; lon++) {
      const square = squareOf(lon, lat)
      for (let at = towns.first[square]!; at < towns.first[square + 1]!; at++) {
        const row = towns.order[at]!
        if (towns.lat[row]! < south || towns.lat[row]! > north) continue
        const begin = towns.begins[row]!
        found.push({ name: towns.text.slice(begin, towns.text.indexOf('\t', begin)), lat: towns.lat[row]!, lon: towns.lon[row]! })
        if (found.length === SHOWN_MAX) return found
      }
    }
  }
  return found
}

function squareOf(lon: number, lat: number): number {
  const turned = ((((Math.floor(lon) + 180) % 360) + 360) % 360)
  return turned * 181 + Math.min(180, Math.floor(lat) + 90)
}
