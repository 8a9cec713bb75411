/** Names on the map, of which no two overlap: whoever comes first, stands. */
import { pieces } from '../parts/said'

export interface LabelStyle {
  font: string
  colour: string
  halo: string
  size: number
}

const CELL = 48
const GAP = 2
const KNOWN_MAX = 20_000
const RTL = /^\u200f|^[^A-Za-z\u00c0-\u024f\u0400-\u052f]*[\u0590-\u08ff\ufb1d-\ufefc]/

export class Labels {
  #columns = 1
  #cells: number[][] = []
  #boxes: number[] = []
  #widths = new Map<string, number>()

  /** Nothing is written yet. */
  begin(width: number, height: number): void {
    this.#columns = Math.ceil(width / CELL) + 1
    this.#cells = Array.from({ length: this.#columns * (Math.ceil(height / CELL) + 1) }, () => [])
    this.#boxes = []
  }

  /** Keeps a box free of names. */
  keep(left: number, top: number, right: number, bottom: number): void {
    const box = this.#boxes.length / 4
    this.#boxes.push(left, top, right, bottom)
    this.#over(left, top, right, bottom, (cell) => (cell.push(box), false))
  }

  /**
   * Writes lines at a point, where there is room: right of it, left, below, above ('left': left of it first), or in the 'middle'.
   * `must`: though there is none.
   */
  write(
    ctx: CanvasRenderingContext2D, lines: readonly string[], x: number, y: number, away: number, style: LabelStyle,
    where: 'right' | 'left' | 'middle' = 'right', must = false,
  ): boolean {
    ctx.font = style.font
    const height = lines.length * style.size * 1.25
    const width = Math.max(...lines.map((line) => this.#width(ctx, line, style.font)))
    const beside = (turned: boolean): (readonly [number, number, CanvasTextAlign])[] => {
      const right = [x + away, y - height / 2, 'left'] as const
      const left = [x - away - width, y - height / 2, 'right'] as const
      return [
        ...(turned ? [left, right] : [right, left]),
        [x - width / 2, y + away, 'center'],
        [x - width / 2, y - away - height, 'center'],
      ]
    }
    const places: readonly (readonly [number, number, CanvasTextAlign])[] =
      where === 'middle'
        ? [[x - width / 2, y - height / 2, 'center']]
        : beside(where === 'left')
    const free = places.find(([left, top]) => this.#isFree(left - GAP, top - GAP, left + width + GAP, top + height + GAP))
    const place = free ?? (must ? places[0]! : undefined)
    if (place === undefined) return false
    const [left, top, align] = place
    this.keep(left - GAP, top - GAP, left + width + GAP, top + height + GAP)
    ctx.textAlign = align
    ctx.textBaseline = 'middle'
    ctx.lineJoin = 'round'
    ctx.lineWidth = 3
    ctx.strokeStyle = style.halo
    ctx.fillStyle = style.colour
    const from = align === 'left' ? left : align === 'right' ? left + width : left + width / 2
    lines.forEach((line, i) => {
      ctx.direction = RTL.test(line) ? 'rtl' : 'ltr'
      const middle = top + (i + 0.5) * style.size * 1.25
      ctx.strokeText(line, from, middle)
      ctx.fillText(line, from, middle)
    })
    return true
  }

  #width(ctx: CanvasRenderingContext2D, line: string, font: string): number {
    const key = `${font} ${line}`
    let width = this.#widths.get(key)
    if (width === undefined) {
      if (this.#widths.size > KNOWN_MAX) this.#widths.clear()
      width = ctx.measureText(line).width
      this.#widths.set(key, width)
    }
    return width
  }

  #isFree(left: number, top: number, right: number, bottom: number): boolean {
    const boxes = this.#boxes
    return !this.#over(left, top, right, bottom, (cell) =>
      cell.some((box) => left < boxes[4 * box + 2]! && right > boxes[4 * box]! && top < boxes[4 * box + 3]! && bottom > boxes[4 * box + 1]!),
    )
  }

  #over(left: number, top: number, right: number, bottom: number, does: (cell: number[]) => boolean): boolean {
    const [c0, c1] = [Math.max(0, Math.floor(left / CELL)), Math.min(this.#columns - 1, Math.floor(right / CELL))]
    const [r0, r1] = [Math.max(0, Math.floor(top / CELL)), Math.floor(bottom / CELL)]
    for (let r = r0; r <= r1; r++) {
      for (let c = c0; c <= c1; c++) {
        const cell = this.#cells[r * this.#columns + c]
        if (cell && does(cell)) return true
      }
    }
    return false
  }
}

const known = new Map<string, string>()

/** Another's text as a canvas may show it: signs that nobody sees are named, as `Said` names them. */
export function shown(text: string): string {
  let found = known.get(text)
  if (found === undefined) {
    if (known.size > KNOWN_MAX) known.clear()
    found = pieces(text.replaceAll('\n', ' '))
      .map((piece) => (piece.control ? `[${piece.text}]` : piece.text))
      .join('')
    known.set(text, found)
  }
  return found
}
