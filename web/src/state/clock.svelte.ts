/** One clock for everything that is shown: the node's, as far as this browser knows it. Ticks once a second. */

let offsetMs = $state(0)
let nowMs = $state(Date.now())
setInterval(() => (nowMs = Date.now()), 1000)

export const clock = {
  /** Now by the node's clock, milliseconds UTC. */
  get now(): number {
    return nowMs + offsetMs
  },
  /** How far this machine's clock is behind the node's. */
  get behind(): number {
    return offsetMs
  },
  /** The node has said what time it is. */
  heard(nodeMs: number): void {
    offsetMs = nodeMs - Date.now()
  },
}
