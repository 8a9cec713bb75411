import { describe, expect, it } from 'vitest'
import type { Moment } from '../../api/schema'
import { attemptsOf, doer, nextOf } from './calls'

const moment = (happened: string, minute: number, attempt = 'one'): Moment =>
  ({ attempt, happened, caller: 'alpha', called: 'bravo', of: 'bravo', said_by: 'alpha', person: 'Otto', line: 'voice 1', at_us: minute * 60_000_000 }) as Moment

describe('an attempt', () => {
  it('waits since it was put on hold, and no longer once somebody is back', () => {
    expect(attemptsOf([moment('answered', 1), moment('on_hold', 2), moment('on_hold', 3)])[0]).toMatchObject({ state: 'holding', holdSinceUs: 120_000_000 })
    expect(attemptsOf([moment('on_hold', 2), moment('off_hold', 4)])[0]).toMatchObject({ state: 'talking', holdSinceUs: null })
  })
  it('is over when nobody answered, and nothing more can be noted of it', () => {
    const [found] = attemptsOf([moment('unanswered', 1)])
    expect(found).toMatchObject({ state: 'over', wasAnswered: false })
    expect(nextOf(found!.state)).toEqual([])
  })
  it('is told by the times of its moments, the newest attempt first', () => {
    const found = attemptsOf([moment('ended', 9), moment('answered', 1), moment('unanswered', 5, 'two')])
    expect(found.map((one) => one.id)).toEqual(['two', 'one'])
    expect(found[1]!.moments.map((one) => one.happened)).toEqual(['answered', 'ended'])
  })
  it('that rang in vain is an act of who called, and a refusal one of who was called', () => {
    expect(['unanswered', 'answered', 'refused', 'on_hold'].map((one) => doer(one as 'answered', 'alpha', 'bravo', 'bravo'))).toEqual(['alpha', 'bravo', 'bravo', 'bravo'])
  })
})
