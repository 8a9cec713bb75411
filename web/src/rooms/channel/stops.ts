/** Urgent stops: which words say what came of one; and how long ago something was, as somebody types it. */
import type { AlertView, StopView } from '../../api/schema'

/** What came of a stop, by the alert that the node says stands for it; "" where nobody has said, or that alert is not held any more. */
export function outcomeOf(stop: Pick<StopView, 'alert'>, alerts: readonly Pick<AlertView, 'id' | 'steps'>[] = []): string {
  const alert = alerts.find((one) => one.id === stop.alert)
  return alert?.steps.findLast((step) => step.state === 'cleared')?.words ?? ''
}

/** Minutes that have passed, in Latin, Arabic or Persian digits; null where nothing is typed, undefined where it is no whole number from 0 on. */
export function minutesAgo(typed: string): number | null | undefined {
  const text = typed.trim().replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf))
  if (text === '') return null
  return /^\d{1,5}$/.test(text) ? Number(text) : undefined
}
