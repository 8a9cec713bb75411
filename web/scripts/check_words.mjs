// Every sentence of the console is there in every language, can be read as ICU, takes the same parameters, has every form that a number
// asks for in its language, and no word of a judgement that Keepclear does not make; every key that the source asks for exists. Anything
// else ends the build.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, TYPE } from '@formatjs/icu-messageformat-parser'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')
const LANGUAGES = ['en', 'ar', 'ru']
// Nothing is permitted or approved here, and nobody is an enemy or a target.
const NEVER = {
  en: /approv|permi(t|ss)|\benem|\btarget|hostile/i,
  ar: /هدف|أهداف|(?<!\p{L})عدو|معادٍ?(?!\p{L})|اعتمد|مصرَّ?ح|مسموح|يجوز/u,
  ru: /(?<!\p{L})цел(ь|и|ью|ей|ям|ями|ях)(?!\p{L})|(?<!\p{L})враг|враждеб|противник|одобр|разреш|утвержд/iu,
}
// Forms that a sentence with a number has in each language, besides `other`.
const FORMS = { en: ['one'], ar: ['one', 'two', 'few', 'many'], ru: ['one', 'few', 'many'] }
const wrong = []

/** key -> { file, text } of one language. */
function catalogue(language) {
  const folder = join(root, 'words', language)
  const found = new Map()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json')).sort()) {
    const where = `words/${language}/${file}`
    let said
    try {
      said = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    } catch (error) {
      wrong.push(`${where}: not JSON: ${error.message}`)
      continue
    }
    for (const [key, text] of Object.entries(said)) {
      if (!key.startsWith(`${file.replace('.json', '')}.`)) wrong.push(`${where}: ${key} belongs into a file of its first word`)
      if (found.has(key)) wrong.push(`${where}: ${key} stands twice`)
      if (typeof text !== 'string' || !text.trim()) wrong.push(`${where}: ${key} says nothing`)
      found.set(key, { where, text })
    }
  }
  return found
}

/** The parameters that a message takes, by name; with their kind where ICU has one. */
function parameters(elements, into = new Set()) {
  for (const element of elements) {
    if (element.type === TYPE.literal || element.type === TYPE.pound) continue
    into.add(element.value)
    if (element.options) for (const option of Object.values(element.options)) parameters(option.value, into)
    if (element.children) parameters(element.children, into)
  }
  return into
}

/** Forms of numbers that are missing; a choice by fixed numbers alone needs none. */
function missingForms(elements, forms) {
  return elements.flatMap((element) => {
    const own = element.type === TYPE.plural ? Object.keys(element.options) : []
    const missing = own.some((form) => form !== 'other' && !form.startsWith('=')) ? forms.filter((form) => !own.includes(form)) : []
    return [...missing, ...Object.values(element.options ?? {}).flatMap((option) => missingForms(option.value, forms))]
  })
}

function read(key, { where, text }, language) {
  if (NEVER[language].test(text)) wrong.push(`${where}: ${key} says ${text.match(NEVER[language])[0]}, which Keepclear says of nothing`)
  try {
    const elements = parse(text)
    const missing = missingForms(elements, FORMS[language])
    if (missing.length) wrong.push(`${where}: ${key} has no form for ${missing.join(', ')}`)
    return [...parameters(elements)].sort().join(', ')
  } catch (error) {
    wrong.push(`${where}: ${key} is no ICU message: ${error.message}: ${text}`)
    return null
  }
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.(svelte|ts)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name)) yield path
  }
}

const catalogues = new Map(LANGUAGES.map((language) => [language, catalogue(language)]))
const first = catalogues.get('en')
for (const [key, entry] of first) {
  const expected = read(key, entry, 'en')
  for (const language of LANGUAGES.slice(1)) {
    const other = catalogues.get(language).get(key)
    if (!other) wrong.push(`words/${language}: ${key} is missing ("${entry.text}")`)
    else if (expected !== null) {
      const found = read(key, other, language)
      if (found !== null && found !== expected) wrong.push(`${other.where}: ${key} takes (${found}), and English takes (${expected})`)
    }
  }
}
for (const language of LANGUAGES.slice(1)) {
  for (const [key, { where }] of catalogues.get(language)) if (!first.has(key)) wrong.push(`${where}: ${key} is not in English`)
}

const asked = new Set()
const prefixes = new Set()
for (const path of sources(root)) {
  const text = readFileSync(path, 'utf8').replace(/^\s*(\*|\/\/).*$/gm, '')
  for (const [, key] of text.matchAll(/['"`]([a-z_]+(?:\.[a-z0-9_-]+)+)['"`]/g)) if (first.has(key)) asked.add(key)
  for (const [, key] of text.matchAll(/\bsay\(\s*'([^']+)'/g)) {
    asked.add(key)
    if (!first.has(key)) wrong.push(`${path.slice(root.length + 1)}: say('${key}') has no words`)
  }
  for (const [, prefix] of text.matchAll(/`([a-z_]+\.(?:[a-z0-9_-]+\.)*)\$\{/g)) prefixes.add(prefix)
}
for (const key of first.keys()) {
  if (!asked.has(key) && ![...prefixes].some((prefix) => key.startsWith(prefix))) wrong.push(`words/en: nothing asks for ${key}`)
}

if (wrong.length) {
  console.error(wrong.join('\n'))
  console.error(`\n${wrong.length} faults in the words of the console.`)
  process.exit(1)
}
console.log(`${first.size} sentences in ${LANGUAGES.length} languages.`)
