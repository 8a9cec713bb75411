/**
 * What makes somebody look up, whatever room they are in: sound, the title and the sign of the tab, a notification of the system, and a
 * word to a screen reader. It says what the desk says; it decides nothing and acknowledges nothing.
 */
import { untrack } from 'svelte'
import type { DeskItem } from '../api/schema'
import { clock } from '../state/clock.svelte'
import { desk } from '../state/lists.svelte'
import { live } from '../state/live.svelte'
import { preferences } from '../state/preferences.svelte'
import { say } from '../words/words.svelte'
import { isLouder, levelOf, loudest, LOOK, type Level } from './levels'
import { ring, SILENCE, type Mute } from './ringing'
import { hasSound, mayBeHeard, play, wake } from './sound'
import { lineOf } from './told.svelte'

const BROKEN_AFTER_MS = 8_000
export const MUTE_MINUTES = [5, 15, 60] as const

let mute = $state.raw<Mute | null>(null)
let isBlocked = $state(false)
let politely = $state('')
let atOnce = $state('')
let rung = SILENCE
let news: Level | null = null
let seen: Set<string> | null = null
let wasBroken = false

const open = $derived((desk.value?.items ?? []).filter((item) => item.part === 'open'))
const isBroken = $derived(live.brokenAt !== null && clock.now - clock.behind - live.brokenAt > BROKEN_AFTER_MS)
const level = $derived(loudest([...open.map(levelOf), ...(isBroken ? (['broken'] as const) : [])]))

export const alarm = {
  /** The loudest of what nobody has seen yet. */
  get level(): Level | null {
    return level
  },
  /** How many nobody has seen yet. */
  get count(): number {
    return open.length
  },
  get mute(): Mute | null {
    return mute !== null && clock.now < mute.until ? mute : null
  },
  /** The browser lets no sound be heard until somebody clicks. */
  get isBlocked(): boolean {
    return isBlocked && preferences.sound
  },
  /** For a screen reader, when it has time, and at once. */
  get politely(): string {
    return politely
  },
  get atOnce(): string {
    return atOnce
  },
  /** What stands before the title of the tab. */
  get title(): string {
    if (level === null) return ''
    return `${open.length > 0 ? `(${open.length}) ` : ''}${say(`watch.level.${level}`)} · `
  },
}

/** Nothing rings that is not louder than what rings now, for so many minutes. */
export function muteFor(minutes: number): void {
  mute = { until: clock.now + minutes * 60_000, level: level ?? 'routine' }
}

export function unmute(): void {
  mute = null
}

/** From a click: lets it be heard, and lets whoever clicks hear it. */
export async function letBeHeard(): Promise<void> {
  isBlocked = !(await wake()) && hasSound()
  play('routine')
}

/** Begins to listen to the desk; gives what ends it. Whoever begins it, in an effect, begins it once: it looks again by itself. */
export function begin(): () => void {
  seen = null
  rung = SILENCE
  news = null
  politely = atOnce = ''
  untrack(() => void look())
  const timer = setInterval(() => void look(), 1_000)
  return () => {
    clearInterval(timer)
    mute = null
    showSign(null)
  }
}

/** What tells that something has come that nobody has been told of: an item with its newest alert. */
function marksOf(item: DeskItem): string {
  return `${item.id} ${item.key} ${item.alerts.at(-1) ?? ''}`
}

async function look(): Promise<void> {
  noteNews()
  const due = ring({ level, news }, rung, alarm.mute, clock.now)
  showSign(level)
  if (due.plays === null || !preferences.sound) {
    rung = due.rung
    if (preferences.sound && hasSound() && !mayBeHeard()) isBlocked = !(await wake())
    return
  }
  if (await wake()) {
    play(due.plays)
    rung = due.rung
    news = null
    isBlocked = false
  } else isBlocked = hasSound()
}

function noteNews(): void {
  if (isBroken && !wasBroken) news = loudest(['broken', ...(news === null ? [] : [news])])
  wasBroken = isBroken
  if (desk.value === undefined) return
  const marks = new Set(open.map(marksOf))
  const come = open.filter((item) => seen !== null && !seen.has(marksOf(item)))
  const first = seen === null
  seen = marks
  if (first) {
    news = level
    if (open.length > 0) speak(open, say('watch.spoken.open', { count: open.length }))
    return
  }
  news = loudest([...come.map(levelOf), ...(news === null ? [] : [news])])
  if (level === null) news = null
  if (come.length === 0) return
  speak(come, come.length === 1 ? '' : say('watch.spoken.more', { count: come.length - 1 }))
  if (document.hidden) notify(come)
}

function speak(items: readonly DeskItem[], more: string): void {
  const worst = items.reduce((a, b) => (isLouder(levelOf(b), levelOf(a)) ? b : a))
  const text = `${say(`watch.level.${levelOf(worst)}`)}: ${lineOf(worst)}. ${more}`
  if (isLouder(levelOf(worst), 'soon')) atOnce = text
  else politely = text
}

// What a notification says may be kept by the system and shown over a locked screen: how many and how urgent, and nothing else.
function notify(items: readonly DeskItem[]): void {
  if (!preferences.notifications || typeof Notification === 'undefined' || Notification.permission !== 'granted') return
  const worst = loudest(items.map(levelOf)) ?? 'routine'
  const note = new Notification(say('watch.notification', { level: say(`watch.level.${worst}`) }), {
    body: say('watch.spoken.open', { count: open.length }), tag: 'keepclear', lang: document.documentElement.lang, requireInteraction: isLouder(worst, 'soon'),
  }) // prettier-ignore
  note.onclick = () => {
    window.focus()
    location.hash = '#/watch'
    note.close()
  }
}

let shownSign: Level | null | undefined
const SIGNS: Record<'now' | 'soon' | 'note', string> = { now: '#b3261e', soon: '#c77700', note: '#1d5fa8' }

/** The sign of the tab: ours while all is seen; with a spot of the loudest level otherwise. */
function showSign(of: Level | null): void {
  if (of === shownSign) return
  shownSign = of
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  if (link === null) return
  link.dataset['own'] ??= link.href
  if (of === null) {
    link.href = link.dataset['own']
    return
  }
  const colour = SIGNS[LOOK[of].tone]
  const shape = { note: '<circle cx="16" cy="16" r="13"/>', soon: '<path d="M16 2 31 29H1Z"/>', now: '<path d="M16 1 29 8.500v15L16 31 3 23.500v-15Z"/>' }
  const sign = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="${colour}">${shape[LOOK[of].tone]}<path fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" d="M16 9v9M16 24v.1"/></svg>`
  link.href = `data:image/svg+xml,${encodeURIComponent(sign)}`
}
