/**
 * What somebody else wrote, in pieces that can be shown: signs that nobody sees, or that turn other text around, are named instead.
 *
 * The same rule as `keepclear.render.shown_text`. Joiners stay: Arabic, Persian and Indian words need them.
 */
export interface Piece {
  text: string
  control: boolean
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u{e0100}-\u{e01ef}]/u
const STAYS = new Set(['\n', '\u200c', '\u200d'])

/** The same where only plain text can stand: a title, a label, the inside of a sentence of ours. It turns nothing around it. */
export function plainly(text: string): string {
  return `\u2068${pieces(text).map((piece) => piece.text).join('')}\u2069`
}

export function pieces(text: string): Piece[] {
  const found: Piece[] = []
  let plain = ''
  for (const sign of text.replaceAll('\r\n', '\n')) {
    if (!HIDDEN.test(sign) || STAYS.has(sign)) {
      plain += sign
      continue
    }
    if (plain) found.push({ text: plain, control: false })
    plain = ''
    found.push({ text: sign === '\t' ? '⇥' : `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`, control: true })
  }
  if (plain) found.push({ text: plain, control: false })
  return found
}
