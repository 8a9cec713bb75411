/** An instant as a day, a time of that day and a zone, as people say it; and back. */
export interface Spoken {
  date: string
  time: string
  zone: string
}

const formats = new Map<string, Intl.DateTimeFormat>()

function parts(ms: number, zone: string): Record<string, string> {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    }) // prettier-ignore
    formats.set(zone, format)
  }
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]))
}

/** The wall clock of a zone at an instant, as if it were UTC. */
function wall(ms: number, zone: string): number {
  const at = parts(ms, zone)
  return Date.UTC(Number(at['year']), Number(at['month']) - 1, Number(at['day']), Number(at['hour']), Number(at['minute']), Number(at['second']))
}

/** Whether this browser knows a zone. */
export function isZone(zone: string): boolean {
  try {
    parts(0, zone)
    return true
  } catch {
    return false
  }
}

/** An instant as it is said in a zone; seconds only where there are some. */
export function spokenOf(ms: number, zone: string): Spoken {
  const at = parts(ms, zone)
  const seconds = at['second'] === '00' ? '' : `:${at['second']}`
  return { date: `${at['year']}-${at['month']}-${at['day']}`, time: `${at['hour']}:${at['minute']}${seconds}`, zone }
}

/** The instant that is meant, milliseconds; undefined where there is none, or two: clocks that are set back show an hour twice. */
export function instantOf({ date, time, zone }: Spoken): number | undefined {
  const day = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date)
  const clock = /^(\d{1,2})[:.]?(\d{2})(?:[:.](\d{2}))?$/.exec(time.trim())
  if (!day || !clock || !isZone(zone)) return undefined
  const [, hour, minute, second] = clock
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59) return undefined
  const said = Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]), Number(hour), Number(minute), Number(second ?? 0))
  if (new Date(said).getUTCDate() !== Number(day[3])) return undefined
  const around = [-86_400_000, 0, 86_400_000].map((off) => said - (wall(said + off, zone) - (said + off)))
  const fitting = [...new Set(around)].filter((ms) => wall(ms, zone) === said)
  return fitting.length === 1 ? fitting[0] : undefined
}

/** Why a time is none yet. */
export function faultOf(spoken: Spoken): '' | 'missing' | 'unreadable' | 'no_such' {
  if (!spoken.date || !spoken.time.trim()) return 'missing'
  if (instantOf(spoken) !== undefined) return ''
  return instantOf({ ...spoken, zone: 'UTC' }) === undefined ? 'unreadable' : 'no_such'
}
