import { expect, it } from 'vitest'
import type { Level } from './levels'
import { ring, SILENCE, type Mute, type Situation } from './ringing'

/** What rings, second by second, as [second, level]. */
function heard(seconds: number, situationAt: (second: number) => Situation, mute: Mute | null = null): [number, Level][] {
  const found: [number, Level][] = []
  let rung = SILENCE
  for (let second = 0; second < seconds; second++) {
    const next = ring(situationAt(second), rung, mute, 1_000_000 + second * 1000)
    rung = next.rung
    if (next.plays) found.push([second, next.plays])
  }
  return found
}

const from = (level: Level, second = 0) => (at: number): Situation => ({ level: at < second ? null : level, news: at === second ? level : null })

it('rings once for what is not urgent', () => {
  expect(heard(3600, from('routine'))).toEqual([[0, 'routine']])
  expect(heard(3600, from('soon', 5))).toEqual([[5, 'soon']])
})

it('rings again for what is urgent, every 20 seconds and then every minute', () => {
  const seconds = heard(400, from('now')).map(([second]) => second)
  expect(seconds.slice(0, 8)).toEqual([0, 20, 40, 60, 80, 100, 160, 220])
})

it('is silent as soon as somebody has seen it', () => {
  expect(heard(300, (second) => ({ level: second < 30 ? 'now' : null, news: second === 0 ? 'now' : null }))).toEqual([[0, 'now'], [20, 'now']])
})

it('rings anew for what comes after a silence', () => {
  const seen = (second: number): Situation => (second >= 10 && second < 50 ? { level: null, news: null } : { level: 'soon', news: second === 0 || second === 50 ? 'soon' : null })
  expect(heard(100, seen)).toEqual([[0, 'soon'], [50, 'soon']])
})

it('does not ring for each of many that come at once', () => {
  const rings = heard(20, () => ({ level: 'now', news: 'now' }))
  expect(rings.length).toBeLessThanOrEqual(5)
})

it('does not lose what came right behind something else', () => {
  const two = (second: number): Situation => ({ level: second < 2 ? 'routine' : 'now', news: second === 0 ? 'routine' : second === 2 ? 'now' : null })
  expect(heard(10, two)).toEqual([[0, 'routine'], [4, 'now']])
})

it('is mute until the stated time, and by itself no longer', () => {
  const mute: Mute = { until: 1_000_000 + 120_000, level: 'now' }
  expect(heard(130, from('now'), mute)[0]).toEqual([120, 'now'])
})

it('lets through what is louder than what was muted', () => {
  const mute: Mute = { until: 1_000_000 + 600_000, level: 'now' }
  const worse = (second: number): Situation => ({ level: second < 30 ? 'now' : 'broken', news: second === 0 ? 'now' : second === 30 ? 'broken' : null })
  expect(heard(40, worse, mute)).toEqual([[30, 'broken']])
})
