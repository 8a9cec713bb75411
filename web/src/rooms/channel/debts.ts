/** How a message stands, as a word, a shape and a colour; of ours it is what they owe, of theirs what we do. */
import type { MessageView, MessageWhole } from '../../api/schema'
import type { IconName } from '../../parts/icons'

type Tone = 'now' | 'soon' | 'note' | 'well' | 'doubt' | 'plain'

export interface DebtMark {
  key: string
  tone: Tone
  icon: IconName
  strong: boolean
}

const OUT: Record<string, Omit<DebtMark, 'key'>> = {
  owed: { tone: 'note', icon: 'clock', strong: false },
  stand_by: { tone: 'note', icon: 'pause', strong: false },
  claimed: { tone: 'doubt', icon: 'half', strong: false },
  settled: { tone: 'well', icon: 'full', strong: false },
  unconfirmed: { tone: 'now', icon: 'now', strong: true },
  superseded: { tone: 'plain', icon: 'minus', strong: false },
}
const IN: Record<string, Omit<DebtMark, 'key'>> = {
  ...OUT,
  owed: { tone: 'soon', icon: 'soon', strong: false },
  unconfirmed: { tone: 'now', icon: 'now', strong: true },
  settled: { tone: 'well', icon: 'check', strong: false },
}

// Every other marker asks that it arrives, and no more.
const READ_BACK = new Set(['advice', 'demand', 'information', 'intention', 'warning'])

/** `key`: the last part of the key of its words. */
export function debtMark(message: Pick<MessageView | MessageWhole, 'debt' | 'mismatch' | 'direction'>, marker: string): DebtMark {
  const table = message.direction === 'out' ? OUT : IN
  const found = table[message.debt] ?? OUT['owed']!
  const open = message.debt !== 'superseded' && message.debt !== 'settled'
  if (message.mismatch && open) return { key: `${message.direction}.mismatch`, tone: 'now', icon: 'now', strong: true }
  const answered = marker === 'question' || marker === 'request'
  const key = message.debt !== 'settled' ? message.debt : answered ? 'answered' : READ_BACK.has(marker) ? 'settled' : 'arrived'
  return { ...found, key: `${message.direction}.${key}` }
}
