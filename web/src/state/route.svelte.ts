/**
 * Where somebody is, as a fragment: `#/channel/bravo` is ['channel', 'bravo'].
 *
 * Fragments, because no id of an object then reaches a log or another page.
 */
const read = (): string[] =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })

let parts = $state.raw<string[]>(read())
addEventListener('hashchange', () => (parts = read()))

export const route = {
  /** The room: 'watch' where none is named. */
  get room(): string {
    return parts[0] ?? 'watch'
  },
  /** What is looked at in it. */
  get rest(): readonly string[] {
    return parts.slice(1)
  },
}

/** The address of a place: `href={at('channel', party)}`. */
export function at(...to: string[]): string {
  return `#/${to.map(encodeURIComponent).join('/')}`
}

/** Goes there, at once; back leads here again. `replacing`: the way back does not lead here. */
export function go(to: string[], replacing = false): void {
  if (replacing) history.replaceState(null, '', at(...to))
  else if (location.hash !== at(...to)) history.pushState(null, '', at(...to))
  parts = read()
}
