/**
 * When a sound is due. What nobody has seen rings when it comes; what is urgent rings again, at a bounded and slowing rate, until somebody
 * has seen it or has muted it. Pure: whoever asks brings the time.
 */
import { isLouder, type Level } from './levels'

/** level: the loudest of what nobody has seen; news: of what has come since it was asked last. */
export interface Situation {
  level: Level | null
  news: Level | null
}

/** A mute lasts until a stated time, and lets through what is louder than what it muted. */
export interface Mute {
  until: number
  level: Level
}

/** What rang last, when, and how often in a row. */
export interface Rung {
  level: Level | null
  at: number
  times: number
}

export const SILENCE: Rung = { level: null, at: 0, times: 0 }
const AGAIN = new Set<Level>(['now', 'broken', 'stop'])
const QUICK_MS = 20_000
const QUICK_TIMES = 6
const SLOW_MS = 60_000
const APART_MS = 4_000

/** What rings at this instant, if anything, and what is to be remembered. */
export function ring(situation: Situation, rung: Rung, mute: Mute | null, now: number): { plays: Level | null; rung: Rung } {
  const { level, news } = situation
  if (level === null) return { plays: null, rung: SILENCE }
  const heard = (one: Level | null): one is Level => one !== null && !isMuted(one, mute, now)
  if (heard(news) && now - rung.at >= APART_MS) return { plays: news, rung: { level: news, at: now, times: 1 } }
  if (heard(news)) return { plays: null, rung: { ...rung, level: news, times: 0 } }
  if (!heard(level) || !AGAIN.has(level)) return { plays: null, rung }
  const wait = rung.times === 0 ? APART_MS : rung.times < QUICK_TIMES ? QUICK_MS : SLOW_MS
  if (rung.level === level ? now - rung.at < wait : now - rung.at < APART_MS) return { plays: null, rung }
  return { plays: level, rung: { level, at: now, times: rung.level === level ? rung.times + 1 : 1 } }
}

export function isMuted(level: Level, mute: Mute | null, now: number): boolean {
  return mute !== null && now < mute.until && !isLouder(level, mute.level)
}
