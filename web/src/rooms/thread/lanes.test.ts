import { expect, test } from 'vitest'
import type { ThreadItem } from '../../api/schema'
import { beginnings } from './lanes'

const item = (id: string, kind: string, ids: Record<string, string>): ThreadItem => ({
  id, kind, ids, at: '2026-05-18T10:00:00Z', known_at: '2026-05-18T10:00:00Z', key: kind, params: {}, by: '', evidence: 'concluded', because: 'of_the_pair', text: '',
}) // prettier-ignore

test('an alert that is raised again and a message that is answered are one each, as in the list', () => {
  const { alerts, messages } = beginnings([
    item('1.0', 'presence', {}),
    item('1.1', 'alert', { alert: '1.1' }),
    item('2.0', 'alert', { alert: '1.1' }),
    item('3.0', 'alert_step', { alert: '1.1' }),
    item('4.0', 'message', { message: 'm' }),
    item('5.0', 'statement', { message: 'm', statement: 's' }),
    item('6.0', 'standing', { message: 'm' }),
    item('6.1', 'alert', { alert: '6.1', message: 'm' }),
  ])
  expect([...alerts]).toEqual(['1.1', '6.1'])
  expect([...messages]).toEqual(['4.0'])
})
