/** Tones made on the spot: no file. Each level has a figure of its own, told apart by rhythm as well as by pitch. */
import type { Level } from './levels'

/** [begins s, lasts s, Hz, loudness 0..1] */
type Note = readonly [number, number, number, number]

export const FIGURES: Record<Level, readonly Note[]> = {
  // One soft knock.
  routine: [[0, 0.18, 523, 0.2]],
  // Two, rising.
  soon: [[0, 0.18, 587, 0.4], [0.25, 0.25, 740, 0.4]],
  // Three quick and high, twice.
  now: [[0, 0.12, 880, 0.7], [0.17, 0.12, 880, 0.7], [0.34, 0.2, 1175, 0.7], [0.8, 0.12, 880, 0.7], [0.97, 0.12, 880, 0.7], [1.14, 0.2, 1175, 0.7]],
  // Long and falling: something has gone out.
  broken: [[0, 0.5, 622, 0.8], [0.55, 0.7, 415, 0.8], [1.5, 0.5, 622, 0.8], [2.05, 0.7, 415, 0.8]],
  // A siren of two tones without a pause.
  stop: Array.from({ length: 10 }, (_, index): Note => [index * 0.2, 0.2, index % 2 === 0 ? 1175 : 784, 0.9]),
}

let context: AudioContext | null = null

/** Whether this browser lets it be heard now. Most do not before somebody has clicked on the page. */
export function mayBeHeard(): boolean {
  return context !== null && context.state === 'running'
}

/** Whether this browser has sounds at all. */
export function hasSound(): boolean {
  return typeof AudioContext !== 'undefined'
}

/** Gets ready; from a click it mends what the browser has blocked. Gives whether it can be heard. */
export async function wake(): Promise<boolean> {
  if (!hasSound()) return false
  context ??= new AudioContext()
  // A browser that blocks sound leaves this waiting until somebody clicks.
  if (context.state !== 'running') await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 300))])
  return mayBeHeard()
}

export function play(level: Level): void {
  if (context === null || context.state !== 'running') return
  const begin = context.currentTime + 0.02
  for (const [after, lasts, hz, loudness] of FIGURES[level]) {
    const tone = context.createOscillator()
    const gain = context.createGain()
    tone.type = level === 'broken' ? 'triangle' : 'sine'
    tone.frequency.value = hz
    // Without an edge: a click would be heard at each end.
    gain.gain.setValueAtTime(0, begin + after)
    gain.gain.linearRampToValueAtTime(loudness * 0.5, begin + after + 0.015)
    gain.gain.setValueAtTime(loudness * 0.5, begin + after + lasts - 0.03)
    gain.gain.linearRampToValueAtTime(0, begin + after + lasts)
    tone.connect(gain).connect(context.destination)
    tone.start(begin + after)
    tone.stop(begin + after + lasts)
  }
}
