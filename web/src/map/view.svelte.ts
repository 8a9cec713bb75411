/** How somebody has left the map: kept in this browser, and nowhere else. */

/** What is looked at on a map. */
export interface Picked {
  kind: 'track' | 'zone'
  id: string
}

export const LAYERS = ['zones', 'tracks', 'errors', 'vectors', 'trails', 'labels', 'places'] as const
export type Layer = (typeof LAYERS)[number]

const KEY = 'keepclear.map'
interface Kept {
  center: [number, number]
  zoom: number
}

export const view = $state<{ layers: Record<Layer, boolean> }>({
  layers: { zones: true, tracks: true, errors: true, vectors: true, trails: true, labels: true, places: true },
})

const kept = read()
for (const layer of LAYERS) if (kept['layers']?.[layer] === false) view.layers[layer] = false

/** Where the map was left; undefined where nobody has been. */
export function viewKept(): Kept | undefined {
  const { center, zoom } = read()
  const isSound = Array.isArray(center) && center.length === 2 && center.every(Number.isFinite) && Number.isFinite(zoom)
  return isSound && center && zoom !== undefined ? { center, zoom } : undefined
}

export function keepView(center: [number, number], zoom: number): void {
  write({ center, zoom })
}

export function showLayer(layer: Layer, shown: boolean): void {
  view.layers[layer] = shown
  write({ layers: $state.snapshot(view.layers) })
}

function write(change: Partial<ReturnType<typeof read>>): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...read(), ...change }))
  } catch {
    // A browser that keeps nothing: the map is as it was left until the page is closed.
  }
}

function read(): { center?: [number, number]; zoom?: number; layers?: Partial<Record<Layer, boolean>> } {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof found === 'object' && found !== null ? found : {}
  } catch {
    return {}
  }
}
