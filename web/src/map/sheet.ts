/**
 * What lies over the basemap and changes with every report: tracks with their errors, and every name. Drawn on one canvas from columns.
 *
 * Nothing is drawn where nothing was reported: between two reports a track stands where it was seen last.
 */
import { pixelsOfMetre } from './earth'
import { Labels, shown, type LabelStyle } from './labels'
import type { Palette } from './palette'
import { AREA, CLOSE, INSIDE, LOST, type Picture } from './picture'
import { SIGN_PX, Symbols } from './symbols'

/** The part of the world that is shown; north is up. `worldPx`: round the world. */
export interface Camera {
  width: number
  height: number
  ratio: number
  worldPx: number
  across: number
  down: number
}

/** A name that stands somewhere. The lower its `rank`, the sooner it is written. */
export interface Name {
  lines: readonly string[]
  across: number
  down: number
  rank: number
  look: 'zone' | 'town' | 'country'
  colour?: string
}

export interface Scene {
  picture: Picture
  now: number
  selected: string | undefined
  /** Tracks that somebody should look at. */
  alerts: ReadonlySet<string>
  names: readonly Name[]
  trails: ReadonlyMap<string, Float64Array>
  layers: { tracks: boolean; errors: boolean; labels: boolean; vectors: boolean; trails: boolean; places: boolean }
  words: { age: (ms: number) => string; isRightToLeft: boolean }
}

/** A track looks old from here on. */
export const STALE_MS = 10 * 60_000
/** From here on it says how old it is. */
const AGED_MS = 2 * 60_000
const FAINTEST = 0.45
/** Signs take at most this part of the screen; where they would take more, each is a small square. */
const SIGNS_SHARE_MAX = 0.3
const LABELS_TRIED_MAX = 300
const FONT = '"Noto Sans", "Noto Sans Arabic", system-ui, sans-serif'
const VECTOR_PX = { least: 12, perMps: 1.2, most: 44 }

export class Sheet {
  readonly #ctx: CanvasRenderingContext2D
  readonly #labels = new Labels()
  readonly #symbols = new Symbols()
  #rows = new Int32Array(1024)
  #xs = new Float32Array(1024)
  #ys = new Float32Array(1024)
  #visible = 0
  #isDense = false
  #ratio = 0

  constructor(readonly canvas: HTMLCanvasElement) {
    const ctx = canvas.getContext('2d')
    if (ctx === null) throw new Error('this browser draws nothing')
    this.#ctx = ctx
  }

  /** Other colours from now on. */
  forgetColours(): void {
    this.#symbols.forget()
  }

  draw(camera: Camera, scene: Scene, palette: Palette): void {
    this.#fit(camera)
    const ctx = this.#ctx
    ctx.setTransform(camera.ratio, 0, 0, camera.ratio, 0, 0)
    ctx.clearRect(0, 0, camera.width, camera.height)
    this.#labels.begin(camera.width, camera.height)
    this.#find(camera, scene.picture)
    if (scene.layers.tracks) this.#drawTracks(camera, scene, palette)
    const isWritten = scene.layers.tracks && scene.layers.labels
    if (isWritten) this.#writeTracks(scene, palette, 0, 1)
    this.#writeNames(camera, scene, palette, ['zone'])
    if (isWritten) this.#writeTracks(scene, palette, 2, 4)
    this.#writeNames(camera, scene, palette, ['town', 'country'])
  }

  /** Rows of the tracks within so many pixels of a point of the screen, the nearest first. */
  rowsAt(x: number, y: number, within = 16): number[] {
    const found: [number, number][] = []
    for (let i = 0; i < this.#visible; i++) {
      const apart = Math.hypot(this.#xs[i]! - x, this.#ys[i]! - y)
      if (apart <= within) found.push([apart, this.#rows[i]!])
    }
    return found.sort(([one], [other]) => one - other).map(([, row]) => row)
  }

  /** How many tracks are on the screen. */
  get visible(): number {
    return this.#visible
  }

  #fit({ width, height, ratio }: Camera): void {
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h]
    if (ratio !== this.#ratio) {
      this.#ratio = ratio
      this.#symbols.forget()
    }
  }

  #find(camera: Camera, picture: Picture): void {
    if (this.#rows.length < picture.count) {
      this.#rows = new Int32Array(picture.lat.length)
      this.#xs = new Float32Array(picture.lat.length)
      this.#ys = new Float32Array(picture.lat.length)
    }
    const { across, down } = picture
    const margin = 40
    let found = 0
    for (let row = 0; row < picture.count; row++) {
      const dx = across[row]! - camera.across
      const x = (dx - Math.round(dx)) * camera.worldPx + camera.width / 2
      const y = (down[row]! - camera.down) * camera.worldPx + camera.height / 2
      if (x < -margin || y < -margin || x > camera.width + margin || y > camera.height + margin) continue
      this.#rows[found] = row
      this.#xs[found] = x
      this.#ys[found] = y
      found++
    }
    this.#visible = found
    this.#isDense = found * (2 * SIGN_PX) ** 2 > SIGNS_SHARE_MAX * camera.width * camera.height
  }

  #drawTracks(camera: Camera, scene: Scene, palette: Palette): void {
    if (scene.layers.trails) this.#drawTrails(camera, scene, palette)
    if (scene.layers.errors) {
      this.#drawAreas(camera, scene.picture, palette)
      this.#drawErrors(camera, scene.picture, palette)
    }
    if (this.#isDense) this.#drawPoints(scene, palette)
    else this.#drawSigns(camera, scene, palette)
    this.#drawMarks(scene, palette)
    this.#keepSigns(scene)
  }

  /** Where they were reported, joined to where they are: a dot for each report, since nobody saw what was between. */
  #drawTrails(camera: Camera, { trails, picture, selected }: Scene, palette: Palette): void {
    const ctx = this.#ctx
    const [lines, dots, chosen] = [new Path2D(), new Path2D(), new Path2D()]
    for (let i = 0; i < this.#visible; i++) {
      const row = this.#rows[i]!
      const subject = picture.subjects[row]!
      const trail = trails.get(subject)
      // Where an area was reported, what the trail has is the point that it was measured from.
      if (!trail || trail.length < 2 || picture.flags[row]! & AREA) continue
      const path = subject === selected ? chosen : lines
      for (let at = 0; at < trail.length; at += 2) {
        const [x, y] = onScreen(camera, trail[at]!, trail[at + 1]!)
        if (at === 0) path.moveTo(x, y)
        else path.lineTo(x, y)
        if (subject === selected) dots.rect(x - 2, y - 2, 4, 4)
      }
      path.lineTo(this.#xs[i]!, this.#ys[i]!)
    }
    ctx.lineJoin = 'round'
    ctx.strokeStyle = palette.track
    ctx.globalAlpha = 0.45
    ctx.lineWidth = 1.2
    ctx.stroke(lines)
    ctx.globalAlpha = 1
    ctx.strokeStyle = palette.halo
    ctx.lineWidth = 4
    ctx.stroke(chosen)
    ctx.strokeStyle = palette.focus
    ctx.lineWidth = 2
    ctx.stroke(chosen)
    ctx.fillStyle = palette.focus
    ctx.fill(dots)
  }

  /** A subject is somewhere in its area; the sign stands where there is room for it. */
  #drawAreas(camera: Camera, { areas }: Picture, palette: Palette): void {
    if (areas.size === 0) return
    const ctx = this.#ctx
    ctx.beginPath()
    for (const rings of areas.values()) {
      for (const ring of rings) {
        for (let at = 0; at < ring.length; at += 2) {
          const [x, y] = onScreen(camera, ring[at]!, ring[at + 1]!)
          if (at === 0) ctx.moveTo(x, y)
          else ctx.lineTo(x, y)
        }
        ctx.closePath()
      }
    }
    ctx.globalAlpha = 0.12
    ctx.fillStyle = palette.track
    ctx.fill()
    ctx.globalAlpha = 0.7
    ctx.setLineDash([6, 4])
    ctx.strokeStyle = palette.track
    ctx.lineWidth = 1.2
    ctx.stroke()
    ctx.setLineDash([])
    ctx.globalAlpha = 1
  }

  /** One and two standard deviations, to scale: within the outer ring it is with 86 in 100. Smaller than the sign they are not seen. */
  #drawErrors(camera: Camera, picture: Picture, palette: Palette): void {
    const ctx = this.#ctx
    const most = 2 * Math.hypot(camera.width, camera.height)
    for (const sigmas of [2, 1]) {
      ctx.beginPath()
      let any = false
      for (let i = 0; i < this.#visible; i++) {
        const row = this.#rows[i]!
        const stated = picture.error[row]!
        const error = Number.isNaN(stated) ? picture.assumedErrorM : stated
        const px = sigmas * error * pixelsOfMetre(picture.lat[row]!, camera.worldPx)
        if (!(px > SIGN_PX) || px > most || picture.flags[row]! & AREA) continue
        const [x, y] = [this.#xs[i]!, this.#ys[i]!]
        ctx.moveTo(x + px, y)
        ctx.arc(x, y, px, 0, 2 * Math.PI)
        any = true
      }
      if (!any) continue
      ctx.globalAlpha = sigmas === 1 ? 0.14 : 0.08
      ctx.fillStyle = palette.track
      ctx.fill()
      ctx.globalAlpha = sigmas === 1 ? 0.6 : 0.35
      ctx.strokeStyle = palette.track
      ctx.lineWidth = 1
      ctx.setLineDash(sigmas === 1 ? [] : [2, 4])
      ctx.stroke()
    }
    ctx.setLineDash([])
    ctx.globalAlpha = 1
  }

  #drawSigns(camera: Camera, scene: Scene, palette: Palette): void {
    const { picture, now } = scene
    const ctx = this.#ctx
    if (scene.layers.vectors) this.#drawVectors(scene, palette)
    for (let i = 0; i < this.#visible; i++) {
      const row = this.#rows[i]!
      const age = now - picture.seen[row]!
      const flags = picture.flags[row]!
      const standing = flags & INSIDE ? 'inside' : flags & CLOSE ? 'close' : 'clear'
      const sprite = this.#symbols.of({ stale: age > STALE_MS || (flags & LOST) !== 0, standing }, palette, camera.ratio)
      ctx.globalAlpha = faded(age)
      ctx.drawImage(sprite.image, this.#xs[i]! - sprite.width / 2, this.#ys[i]! - sprite.height / 2, sprite.width, sprite.height)
    }
    ctx.globalAlpha = 1
  }

  #drawVectors({ picture, now }: Scene, palette: Palette): void {
    const ctx = this.#ctx
    ctx.beginPath()
    for (let i = 0; i < this.#visible; i++) {
      const row = this.#rows[i]!
      const [course, speed] = [picture.course[row]!, picture.speed[row]!]
      if (Number.isNaN(course) || !(speed > 0.2) || now - picture.seen[row]! > STALE_MS) continue
      const turn = (course * Math.PI) / 180
      const [east, north] = [Math.sin(turn), Math.cos(turn)]
      const length = SIGN_PX + Math.min(VECTOR_PX.most, VECTOR_PX.least + VECTOR_PX.perMps * speed)
      ctx.moveTo(this.#xs[i]! + east * SIGN_PX, this.#ys[i]! - north * SIGN_PX)
      ctx.lineTo(this.#xs[i]! + east * length, this.#ys[i]! - north * length)
    }
    ctx.lineCap = 'round'
    ctx.strokeStyle = palette.halo
    ctx.lineWidth = 4.5
    ctx.stroke()
    ctx.strokeStyle = palette.track
    ctx.lineWidth = 2
    ctx.stroke()
  }

  /** So many that signs would cover each other: a small square each, hollow where it is old, on its corner where there is an alert. */
  #drawPoints({ picture, now, alerts }: Scene, palette: Palette): void {
    const ctx = this.#ctx
    const [fresh, stale, alarmed] = [new Path2D(), new Path2D(), new Path2D()]
    for (let i = 0; i < this.#visible; i++) {
      const row = this.#rows[i]!
      const [x, y] = [this.#xs[i]!, this.#ys[i]!]
      if (alerts.has(picture.subjects[row]!)) {
        alarmed.moveTo(x, y - 6)
        alarmed.lineTo(x + 6, y)
        alarmed.lineTo(x, y + 6)
        alarmed.lineTo(x - 6, y)
        alarmed.closePath()
        continue
      }
      const half = picture.flags[row]! & (INSIDE | CLOSE) ? 4 : 2.5
      const path = now - picture.seen[row]! > STALE_MS ? stale : fresh
      path.rect(x - half, y - half, 2 * half, 2 * half)
    }
    ctx.fillStyle = palette.track
    ctx.strokeStyle = palette.halo
    ctx.lineWidth = 1.5
    ctx.stroke(fresh)
    ctx.fill(fresh)
    ctx.strokeStyle = palette.stale
    ctx.lineWidth = 1
    ctx.stroke(stale)
    ctx.fillStyle = palette.now
    ctx.fill(alarmed)
    ctx.strokeStyle = palette.halo
    ctx.stroke(alarmed)
  }

  /** Which have an alert, and which one is looked at. */
  #drawMarks({ picture, selected, alerts }: Scene, palette: Palette): void {
    const ctx = this.#ctx
    for (let i = 0; i < this.#visible; i++) {
      const subject = picture.subjects[this.#rows[i]!]!
      const [x, y] = [this.#xs[i]!, this.#ys[i]!]
      if (!this.#isDense && alerts.has(subject)) this.#drawAlert(x, y, palette)
      if (subject === selected) {
        const far = SIGN_PX + 8
        ctx.beginPath()
        for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]] as const) {
          ctx.moveTo(x + sx * far, y + sy * (far - 7))
          ctx.lineTo(x + sx * far, y + sy * far)
          ctx.lineTo(x + sx * (far - 7), y + sy * far)
        }
        ctx.strokeStyle = palette.halo
        ctx.lineWidth = 5
        ctx.stroke()
        ctx.strokeStyle = palette.focus
        ctx.lineWidth = 2.5
        ctx.stroke()
      }
    }
  }

  /** The shape of `Icon` "now": six corners. */
  #drawAlert(x: number, y: number, palette: Palette): void {
    const ctx = this.#ctx
    ctx.beginPath()
    for (let corner = 0; corner < 6; corner++) {
      const turn = (Math.PI / 3) * corner + Math.PI / 6
      const [cx, cy] = [x + 19 * Math.cos(turn), y + 19 * Math.sin(turn)]
      if (corner === 0) ctx.moveTo(cx, cy)
      else ctx.lineTo(cx, cy)
    }
    ctx.closePath()
    ctx.strokeStyle = palette.halo
    ctx.lineWidth = 5
    ctx.stroke()
    ctx.strokeStyle = palette.now
    ctx.lineWidth = 2.5
    ctx.stroke()
    ctx.fillStyle = palette.now
    ctx.beginPath()
    ctx.arc(x + 15, y - 15, 6.5, 0, 2 * Math.PI)
    ctx.fill()
    ctx.fillStyle = palette.surface
    ctx.fillRect(x + 14.1, y - 19, 1.8, 4.6)
    ctx.fillRect(x + 14.1, y - 13.2, 1.8, 1.9)
  }

  /** No name is written over a sign; where there are too many signs for that, over none that matters. */
  #keepSigns(scene: Scene): void {
    for (let i = 0; i < this.#visible; i++) {
      if (this.#isDense && rankOf(scene, this.#rows[i]!) === 4) continue
      this.#labels.keep(this.#xs[i]! - 8, this.#ys[i]! - 8, this.#xs[i]! + 8, this.#ys[i]! + 8)
    }
  }

  #writeTracks(scene: Scene, palette: Palette, from: number, to: number): void {
    const { picture, now } = scene
    const style = this.#style(12, palette.ink, palette, 600)
    const stale = { ...style, colour: palette.stale }
    const ranked: number[][] = Array.from({ length: to - from + 1 }, () => [])
    for (let i = 0; i < this.#visible; i++) ranked[rankOf(scene, this.#rows[i]!) - from]?.push(i)
    // Where there is no room, names are not tried without end.
    for (const i of ranked.flat().slice(0, LABELS_TRIED_MAX)) {
      const rank = rankOf(scene, this.#rows[i]!)
      const row = this.#rows[i]!
      const age = now - picture.seen[row]!
      const lines = this.#linesOf(scene, row, age)
      const away = SIGN_PX + (rank <= 1 ? 14 : 7)
      // Its course is not written over.
      const side = picture.speed[row]! > 0.2 && picture.course[row]! > 0 && picture.course[row]! < 180 ? 'left' : 'right'
      this.#labels.write(this.#ctx, lines, this.#xs[i]!, this.#ys[i]!, away, age > STALE_MS ? stale : style, side, rank === 0)
    }
  }

  #linesOf({ picture, words }: Scene, row: number, age: number): string[] {
    const name = shown(picture.names[row]! || picture.subjects[row]!)
    const party = shown(picture.parties.textOf(picture.party[row]!))
    const strength = picture.counts.textOf(picture.strength[row]!)
    const more = [party, strength, age > AGED_MS ? words.age(age) : ''].filter((part) => part !== '').map((part) => `\u2068${part}\u2069`)
    return more.length ? [name, (words.isRightToLeft ? '\u200f' : '') + more.join(' · ')] : [name]
  }

  #writeNames(camera: Camera, { names, layers }: Scene, palette: Palette, which: readonly Name['look'][]): void {
    const looks = {
      zone: this.#style(13, palette.accent, palette, 600),
      town: this.#style(11, palette.place, palette),
      country: this.#style(12, palette.place, palette, 600),
    }
    for (const name of names) {
      if (!which.includes(name.look) || (name.look !== 'zone' && !layers.places)) continue
      const [x, y] = onScreen(camera, name.across, name.down)
      if (x < -100 || y < -20 || x > camera.width + 100 || y > camera.height + 20) continue
      const style = name.colour ? { ...looks[name.look], colour: name.colour } : looks[name.look]
      const isTown = name.look === 'town'
      const stands = this.#labels.write(this.#ctx, name.lines, x, y, 5, style, isTown ? 'right' : 'middle', name.look === 'zone' && name.rank < 0)
      if (stands && isTown) {
        this.#ctx.beginPath()
        this.#ctx.arc(x, y, 2.2, 0, 2 * Math.PI)
        this.#ctx.fill()
      }
    }
  }

  #style(size: number, colour: string, palette: Palette, weight = 400): LabelStyle {
    return { font: `${weight} ${size}px ${FONT}`, colour, halo: palette.halo, size }
  }
}

function onScreen(camera: Camera, across: number, down: number): [number, number] {
  const dx = across - camera.across
  return [(dx - Math.round(dx)) * camera.worldPx + camera.width / 2, (down - camera.down) * camera.worldPx + camera.height / 2]
}

/** The lower, the sooner it is named: what is looked at, what has an alert, who is inside, who is close, all others. */
function rankOf({ picture, selected, alerts }: Scene, row: number): number {
  const subject = picture.subjects[row]!
  const flags = picture.flags[row]!
  return subject === selected ? 0 : alerts.has(subject) ? 1 : flags & INSIDE ? 2 : flags & CLOSE ? 3 : 4
}

/** How strongly something of an age is drawn. */
export function faded(age: number): number {
  if (age <= AGED_MS) return 1
  return Math.max(FAINTEST, 1 - ((1 - FAINTEST) * (age - AGED_MS)) / (STALE_MS - AGED_MS))
}
