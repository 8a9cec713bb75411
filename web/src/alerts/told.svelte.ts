/** Alerts and items of the desk in words, with the names of parties as this node has them. */
import { clock } from '../state/clock.svelte'
import { parties } from '../state/lists.svelte'
import { plain, tell, tellLine, type LogLine, type Matter, type Told } from './sentence'

const DAY_MS = 86_400_000
// A sentence changes with the day, not with every second.
const today = $derived(Math.floor(clock.now / DAY_MS) * DAY_MS)

export function partyName(id: string): string {
  return parties.value?.find((party) => party.id === id)?.name || id
}

export function told(matter: Matter): Told {
  return tell(matter, today, partyName)
}

export function toldLine(line: LogLine): Told {
  return tellLine(line, today, partyName)
}

/** Its sentence in one line, for what takes no more than text. */
export function lineOf(matter: Matter & { text: string }): string {
  const { sentence } = told(matter)
  return sentence === null ? matter.text : plain(sentence)
}
