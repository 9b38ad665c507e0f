import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InvalidScheduleError, parseSchedule } from '../../../local/engines/schedule/expression.ts'
import { runOn } from '../../../local/engines/schedule/timer.ts'

const anchor = new Date('2026-01-01T00:00:30Z')
const next = (expression: string, after: string, timezone?: string) =>
  parseSchedule(expression, { anchor, timezone }).next(new Date(after))?.toISOString()

describe('a schedule expression', () => {
  it.each([
    ['rate(5 minutes)', '2026-01-01T00:07:00Z', '2026-01-01T00:10:30.000Z'],
    ['rate(5 minutes)', '2026-01-01T00:10:30Z', '2026-01-01T00:15:30.000Z'],
    ['rate(1 day)', '2025-12-31T00:00:00Z', '2026-01-01T00:00:30.000Z'],
    ['cron(0 10 * * ? *)', '2026-01-01T10:00:00Z', '2026-01-02T10:00:00.000Z'],
    ['cron(0/15 * ? * MON-FRI *)', '2026-01-03T00:00:00Z', '2026-01-05T00:00:00.000Z'],
    ['cron(0 8 ? * 2 *)', '2026-01-01T00:00:00Z', '2026-01-05T08:00:00.000Z'], // 2 is Monday
    ['cron(0 8 ? * 1 *)', '2026-01-01T00:00:00Z', '2026-01-04T08:00:00.000Z'], // 1 is Sunday
    ['cron(0 8 L * ? *)', '2026-02-01T00:00:00Z', '2026-02-28T08:00:00.000Z'],
    ['cron(0 8 ? * 3#1 *)', '2026-01-01T00:00:00Z', '2026-01-06T08:00:00.000Z'], // first Tuesday
    ['cron(0 8 ? * 6L *)', '2026-01-01T00:00:00Z', '2026-01-30T08:00:00.000Z'], // last Friday
    ['cron(0 8 ? * L *)', '2026-01-01T00:00:00Z', '2026-01-03T08:00:00.000Z'], // Saturday
    ['cron(0 8 15W * ? *)', '2026-02-01T00:00:00Z', '2026-02-16T08:00:00.000Z'], // the 15th is a Sunday
    ['cron(0 0 1 1 ? 2030)', '2026-01-01T00:00:00Z', '2030-01-01T00:00:00.000Z'],
    ['at(2026-05-01T12:00:00)', '2026-01-01T00:00:00Z', '2026-05-01T12:00:00.000Z'],
  ])('%s after %s is next due at %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected)
  })

  it('is over when its last time has passed', () => {
    expect(next('at(2026-05-01T12:00:00)', '2026-05-01T12:00:00Z')).toBeUndefined()
    expect(next('cron(0 0 1 1 ? 2026)', '2026-06-01T00:00:00Z')).toBeUndefined()
  })

  it('is read in its time zone, through daylight saving', () => {
    expect(next('cron(0 9 * * ? *)', '2026-01-10T00:00:00Z', 'America/New_York')).toBe('2026-01-10T14:00:00.000Z')
    expect(next('cron(0 9 * * ? *)', '2026-07-10T00:00:00Z', 'America/New_York')).toBe('2026-07-10T13:00:00.000Z')
    expect(next('at(2026-07-10T09:00:00)', '2026-01-01T00:00:00Z', 'Europe/Berlin')).toBe('2026-07-10T07:00:00.000Z')
  })

  it.each([
    ['rate(0 minutes)', 'positive number'],
    ['rate(1 minutes)', 'takes the unit "minute"'],
    ['rate(5 minute)', 'takes the unit "minutes"'],
    ['rate(5 seconds)', 'minutes, hours or days'],
    ['cron(0 10 * * *)', 'has 6 fields, not 5'],
    ['cron(0 10 * * * *)', 'exactly one of day of month and day of week'],
    ['cron(61 10 * * ? *)', 'cron(61 10 * * ? *)'],
    ['at(tomorrow)', 'yyyy-mm-ddThh:mm:ss'],
    ['every day', 'it has to be rate'],
  ])('%s is refused', (expression, reason) => {
    const parse = () => parseSchedule(expression, { anchor })

    expect(parse).toThrow(InvalidScheduleError)
    expect(parse).toThrow(reason)
  })
})

describe('a timer', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') }))
  afterEach(() => void vi.useRealTimers())

  it('fires at each time, also after one that failed, until it is stopped', async () => {
    const due: string[] = []
    const failures: string[] = []
    const schedule = parseSchedule('rate(1 minute)', { anchor: new Date() })
    const timer = runOn(
      schedule,
      (time) => {
        due.push(time.toISOString().slice(11, 16))
        if (due.length === 1) throw new Error('first')
      },
      (error) => failures.push(error.message),
    )

    await vi.advanceTimersByTimeAsync(3 * 60_000 + 1)
    timer.stop()
    await vi.advanceTimersByTimeAsync(3 * 60_000)

    expect(due).toEqual(['00:01', '00:02', '00:03'])
    expect(failures).toEqual(['first'])
  })

  it('waits for months', async () => {
    const run = vi.fn()
    runOn(parseSchedule('at(2026-04-01T00:00:00)', { anchor: new Date() }), run, () => {})

    await vi.advanceTimersByTimeAsync(89 * 86_400_000)
    expect(run).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(2 * 86_400_000)

    expect(run).toHaveBeenCalledTimes(1)
  })
})
