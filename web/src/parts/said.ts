/**
 * What somebody else wrote, in pieces that can be shown: signs that nobody sees, or that turn other text around, are named instead.
 * Dates, times, places and counts keep their order behind Arabic letters, where 2026-11-29 would else be read 29-11-2026, and 12-15 as 15-12.
 *
 * The same rule as `keepclear.render.shown_text`. Joiners stay: Arabic, Persian and Indian words need them.
 */
export interface Piece {
  text: string
  control: boolean
  /** Read from left to right wherever it stands. */
  ltr?: boolean
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u{e0100}-\u{e01ef}]/u
// 2026-11-29, 2026-11-29T03:12Z, 2026-11-29 03:12, 03:12:40
const WHEN = /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?|\d{1,2}:\d{2}(?::\d{2})?/g
// What stands in text from right to left and has a digit: from the first sign that is written from left to right to the last.
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/
const VALUE = /[A-Za-z0-9+-][A-Za-z0-9 .,:;=+/°'"%-]*/g
const ENDS_VALUE = /[A-Za-z0-9°"'%+]/
// Left out: what it does, the pieces do.
const LEFT_TO_RIGHT_MARK = '\u200e'
const STAYS = new Set(['\n', '\u200c', '\u200d'])

/** The same where only plain text can stand: a title, a label, the inside of a sentence of ours. It turns nothing around it. */
export function plainly(text: string): string {
  return `\u2068${pieces(text).map((piece) => piece.text).join('')}\u2069`
}

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  const ordered = RTL.test(text) ? VALUE : WHEN
  let plain = ''
  for (const sign of text.replaceAll('\r\n', '\n')) {
    if (sign === LEFT_TO_RIGHT_MARK) continue
    if (!HIDDEN.test(sign) || STAYS.has(sign)) {
      plain += sign
      continue
    }
    inOrder(plain, ordered, found)
    plain = ''
    found.push({ text: sign === '\t' ? '⇥' : `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`, control: true })
  }
  inOrder(plain, ordered, found)
  return found
}

function inOrder(text: string, ordered: RegExp, found: Piece[]): void {
  let begin = 0
  for (const { 0: matched, index } of text.matchAll(ordered)) {
    if (!/\d/.test(matched)) continue
    const value = matched.slice(0, endOf(matched))
    if (index > begin) found.push({ text: text.slice(begin, index), control: false })
    found.push({ text: value, control: false, ltr: true })
    begin = index + value.length
  }
  if (begin < text.length) found.push({ text: text.slice(begin), control: false })
}

/** Where a value ends: behind its last sign that is no space and no stop. Looked for from behind, so that no text takes long. */
function endOf(matched: string): number {
  let end = matched.length
  while (end > 1 && !ENDS_VALUE.test(matched.charAt(end - 1))) end -= 1
  return end
}
