/**
 * Signs of tracks, by APP-6 with the frame for neutral: the console knows nobody as friend or enemy. Each kind is drawn once.
 */
import type { Palette } from './palette'

/** `standing`: towards any zone; the shape says it, not the colour. */
export interface Kind {
  stale: boolean
  standing: 'clear' | 'close' | 'inside'
}

interface Sprite {
  image: HTMLCanvasElement
  width: number
  height: number
}

const SIZE_PX = 15
/** Half of the side of a sign, CSS pixels. */
export const SIGN_PX = 9
// Version 10, real, neutral, land unit, present or planned (whose frame is dashed), and nothing said of what it is.
const PRESENT = '10041000000000000000'
const DASHED = '10041010000000000000'

type Milsymbol = typeof import('milsymbol')
let library: Milsymbol['default'] | undefined
let asked: Promise<void> | undefined

/** Brings what draws the signs; until it is there, plain squares stand for them. */
export function bringSymbols(): Promise<void> {
  // Without a network it does not come: who is shown is shown without it, and it is asked for again the next time.
  asked ??= import('milsymbol').then(
    (module) => void (library = module.default),
    () => void (asked = undefined),
  )
  return asked
}

export class Symbols {
  readonly #held = new Map<string, Sprite>()

  /** Other colours, or another screen: everything is drawn again. */
  forget(): void {
    this.#held.clear()
  }

  of({ stale, standing }: Kind, palette: Palette, ratio: number): Sprite {
    const key = `${stale} ${standing} ${ratio} ${library !== undefined}`
    let sprite = this.#held.get(key)
    if (sprite === undefined) {
      sprite = drawn({ stale, standing }, palette, ratio)
      this.#held.set(key, sprite)
    }
    return sprite
  }
}

function drawn({ stale, standing }: Kind, palette: Palette, ratio: number): Sprite {
  const side = 2 * SIGN_PX + 12
  const image = document.createElement('canvas')
  image.width = image.height = Math.ceil(side * ratio)
  const ctx = image.getContext('2d')!
  ctx.scale(ratio, ratio)
  const middle = side / 2
  const ground = standing === 'inside' ? palette.track : palette.trackGround
  const line = stale ? palette.stale : palette.track
  ctx.lineWidth = 4.5
  ctx.strokeStyle = palette.halo
  ctx.strokeRect(middle - SIGN_PX, middle - SIGN_PX, 2 * SIGN_PX, 2 * SIGN_PX)
  if (library) {
    const symbol = new library.Symbol(stale ? DASHED : PRESENT, {
      size: SIZE_PX, fillColor: ground, frameColor: { Neutral: line }, iconColor: { Neutral: line }, strokeWidth: 9, outlineWidth: 0, simpleStatusModifier: true,
    } as never) // prettier-ignore
    const frame = symbol.asCanvas(ratio)
    const { x, y } = symbol.getAnchor()
    ctx.drawImage(frame, middle - x, middle - y, frame.width / ratio, frame.height / ratio)
  } else {
    ctx.fillStyle = ground
    ctx.fillRect(middle - SIGN_PX, middle - SIGN_PX, 2 * SIGN_PX, 2 * SIGN_PX)
    ctx.lineWidth = 2
    ctx.strokeStyle = line
    ctx.strokeRect(middle - SIGN_PX, middle - SIGN_PX, 2 * SIGN_PX, 2 * SIGN_PX)
  }
  if (standing === 'close') {
    ctx.fillStyle = palette.track
    ctx.beginPath()
    ctx.moveTo(middle - SIGN_PX, middle + SIGN_PX)
    ctx.lineTo(middle + SIGN_PX, middle - SIGN_PX)
    ctx.lineTo(middle + SIGN_PX, middle + SIGN_PX)
    ctx.fill()
  }
  return { image, width: side, height: side }
}
