/** MapLibre, brought when the first map is shown: its worker is a file of ours, and the only script that anything here may start. */
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'

export type MapLibreModule = typeof import('maplibre-gl')
let brought: Promise<MapLibreModule> | undefined

export function bringMapLibre(): Promise<MapLibreModule> {
  brought ??= import('maplibre-gl').then((module) => {
    const worker = new URL(workerUrl, location.href).href
    allowScript(worker)
    module.setWorkerUrl(worker)
    return module
  })
  return brought
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): unknown
}

// The content policy lets no text become the address of a script. MapLibre gives its worker's as a text: this one passes, and no other.
function allowScript(allowed: string): void {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes
  types?.createPolicy('default', {
    createScriptURL: (url) => {
      if (url !== allowed) throw new TypeError(`no script of the console: ${url}`)
      return url
    },
  })
}
