/** What to talk about with a party next: open alerts and messages of what is agreed with it, and how each is called here. */
import { api, taken } from '../../api/client'
import { Kept, kept } from '../../state/kept.svelte'
import { messages } from '../../state/lists.svelte'
import { say } from '../../words/words.svelte'
import { markerWord } from './said_words'

const held = new Map<string, Kept<string[]>>()

export function agenda(party: string): Kept<string[]> {
  let found = held.get(party)
  if (found === undefined) {
    found = kept(
      async () => (await taken(api.GET('/v1/calls/agenda', { params: { query: { party } } }))).items,
      ['alert', 'alert_step', 'message', 'statement', 'standing', 'call'],
    )
    held.set(party, found)
  }
  return found
}

export function forgetAgendas(): void {
  for (const one of held.values()) one.forget()
  held.clear()
}

/** An item that is no alert, in words: what a message is meant as and how it begins; else as it was called. */
export function itemText(item: string): string {
  const message = messages.value?.find((one) => one.message === item)
  if (message) return `${markerWord(message.marker)}: ${message.text.slice(0, 80)}`
  return /^item-\d+$/.test(item) ? say('channel.call.free_item') : item
}
