/** Names of towns, from the gazetteer that comes with the console (GeoNames, CC BY 4.0): brought when somebody looks closely enough. */

export interface Town {
  name: string
  lon: number
  lat: number
}

/** By the degree square that they lie in. */
export type Towns = ReadonlyMap<number, readonly Town[]>

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

export function squares(table: string): Towns {
  const found = new Map<number, Town[]>()
  for (const line of table.split('\n').slice(1)) {
    const [name, , , lat, lon] = line.split('\t')
    if (name === undefined || lat === undefined || lon === undefined) continue
    const town = { name, lat: Number(lat), lon: Number(lon) }
    const key = squareOf(town.lon, town.lat)
    const held = found.get(key)
    if (held) held.push(town)
    else found.set(key, [town])
  }
  return found
}

export function townsWithin(towns: Towns, west: number, south: number, east: number, north: number): Town[] {
  const found: Town[] = []
  for (let lat = Math.floor(south); lat <= north; lat++) {
    for (let lon = Math.floor(west); lon <= east; lon++) {
      for (const town of towns.get(squareOf(lon, lat)) ?? []) {
        if (town.lat < south || town.lat > north) continue
        found.push(town)
        if (found.length === SHOWN_MAX) return found
      }
    }
  }
  return found
}

function squareOf(lon: number, lat: number): number {
  const turned = ((((Math.floor(lon) + 180) % 360) + 360) % 360)
  return turned * 180 + Math.floor(lat) + 90
}
