/**
 * The picture as it is now, for whoever shows it: `$effect(() => livePicture.shown())`. While nobody does it stays as it was: whoever comes back
 * sees that, as old as it is, until it has been read anew.
 */
import { api, taken } from '../api/client'
import { whenLeft } from '../state/leaving'
import { onFrame, onResumed } from '../state/live.svelte'
import { Picture, type Frame } from './picture'

const AGAIN_MS = 5_000

class LivePicture {
  readonly picture = new Picture()
  #showing = 0
  #asked = 0
  #ends: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  /** What came while the whole was being read; undefined while nothing is. */
  #held: Frame[] | undefined

  shown(): () => void {
    this.#showing += 1
    if (this.#showing === 1) {
      this.#ends = [onFrame<Frame>('picture', (frame) => this.#take(frame)), onResumed(() => void this.#read())]
      void this.#read()
    }
    return () => {
      this.#showing -= 1
      if (this.#showing > 0) return
      this.#asked += 1
      clearTimeout(this.#timer)
      for (const end of this.#ends) end()
    }
  }

  #take(frame: Frame): void {
    if (this.#held && !frame.whole) this.#held.push(frame)
    else {
      this.#held = undefined
      this.picture.takeFrame(frame)
    }
  }

  /** The stream has told the whole to whoever was there when it began: those who come later read it, and then go on with what changes. */
  async #read(): Promise<void> {
    const asked = ++this.#asked
    clearTimeout(this.#timer)
    this.#held = []
    try {
      const whole = (await taken(api.GET('/v1/picture'))) as Frame
      if (asked !== this.#asked || this.#held === undefined) return
      const held: Frame[] = this.#held
      this.#held = undefined
      this.picture.takeFrame(whole)
      for (const frame of held) if (frame.size > whole.size) this.picture.takeFrame(frame)
    } catch {
      // What is there stays, and looks as old as it is; the frame of the console says that nothing comes.
      if (asked === this.#asked && this.#held !== undefined) this.#timer = setTimeout(() => void this.#read(), AGAIN_MS)
    }
  }
}

export const livePicture = new LivePicture()
whenLeft(() => livePicture.picture.clear())
