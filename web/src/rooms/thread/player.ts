/** Going through the past: which instant is looked at, and how fast it goes on. Pure; whoever has a clock calls `advanced`. */

export const SPEEDS = [1, 10, 60, 300, 1800] as const
const PICTURED_EVERY_MS = 250

export interface Player {
  from: number
  until: number
  at: number
  speed: number
  playing: boolean
}

/** A player over this span, at its end. */
export function playerOver(from: number, until: number): Player {
  return { from, until: Math.max(until, from + 1000), at: Math.max(until, from + 1000), speed: 60, playing: false }
}

/** After so many milliseconds of whoever watches. Stops at the end. */
export function advanced(player: Player, passedMs: number): Player {
  if (!player.playing) return player
  const at = Math.min(player.until, player.at + passedMs * player.speed)
  return { ...player, at, playing: at < player.until }
}

/** Plays, from the begin where it stands at the end; or pauses. */
export function toggled(player: Player): Player {
  if (player.playing) return { ...player, playing: false }
  return { ...player, playing: true, at: player.at >= player.until ? player.from : player.at }
}

/** At this instant, within the span; it does not play on. */
export function movedTo(player: Player, at: number): Player {
  return { ...player, at: Math.min(player.until, Math.max(player.from, at)), playing: false }
}

/** The instant of the next (or the one before) of some instants in order; where there is none, the end (or the begin). */
export function stepped(player: Player, instants: readonly number[], forward: boolean): Player {
  const found = forward ? instants.find((at) => at > player.at) : instants.findLast((at) => at < player.at)
  return movedTo(player, found ?? (forward ? player.until : player.from))
}

/** The instant whose picture is shown: while it plays, four in a second of whoever watches, since each is asked for. */
export function pictured(player: Player): number {
  const step = PICTURED_EVERY_MS * player.speed
  return player.playing ? Math.max(player.from, Math.floor(player.at / step) * step) : player.at
}

/** How far along an axis an instant stands, 0 to 1. */
export function share(player: Player, at: number): number {
  return Math.min(1, Math.max(0, (at - player.from) / (player.until - player.from)))
}
