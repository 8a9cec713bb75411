/** The picture as it is now, for whoever shows it: `$effect(() => livePicture.shown())`. */
import { all, api } from '../api/client'
import { clock } from '../state/clock.svelte'
import { onResumed } from '../state/live.svelte'
import { Picture } from './picture'

const AGAIN_MS = 5_000

class LivePicture {
  readonly picture = new Picture()
  #showing = 0
  #ends: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  shown(): () => void {
    this.#showing += 1
    if (this.#showing === 1) {
      this.#ends = [onResumed(() => void this.#read())]
      void this.#read()
    }
    return () => {
      this.#showing -= 1
      if (this.#showing > 0) return
      clearTimeout(this.#timer)
      for (const end of this.#ends) end()
      this.picture.clear()
    }
  }

  async #read(): Promise<void> {
    clearTimeout(this.#timer)
    try {
      const [tracks, presences] = await Promise.all([
        all((after) => api.GET('/v1/tracks', { params: { query: { limit: 1000, ...(after === undefined ? {} : { after }) } } })),
        all((after) => api.GET('/v1/presence', { params: { query: { limit: 1000, ...(after === undefined ? {} : { after }) } } })),
      ])
      this.picture.takeTracks(tracks, clock.now)
      this.picture.takePresence(presences)
    } finally {
      if (this.#showing > 0) this.#timer = setTimeout(() => void this.#read(), AGAIN_MS)
    }
  }
}

export const livePicture = new LivePicture()
