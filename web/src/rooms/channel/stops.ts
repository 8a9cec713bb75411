/** Urgent stops: which words say what came of one. */
import type { AlertView, StopView } from '../../api/schema'

/** What came of a stop, by the alert that the node says stands for it; "" where nobody has said, or that alert is not held any more. */
export function outcomeOf(stop: Pick<StopView, 'alert'>, alerts: readonly Pick<AlertView, 'id' | 'steps'>[] = []): string {
  const alert = alerts.find((one) => one.id === stop.alert)
  return alert?.steps.findLast((step) => step.state === 'cleared')?.words ?? ''
}
