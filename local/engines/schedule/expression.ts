/**
 * `rate(…)`, `cron(…)` and `at(…)` of EventBridge rules and schedules
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html).
 */
import { Cron } from 'croner'

export interface Schedule {
  /** The first time after `after`; undefined when there is none any more. */
  next(after: Date): Date | undefined
}

export class InvalidScheduleError extends Error {
  constructor(expression: string, reason: string) {
    super(`The schedule expression "${expression}" is not valid: ${reason}.`)
    this.name = 'InvalidScheduleError'
  }
}

const unitMillis = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/**
 * @param options.anchor when a rate began: its times are whole intervals after it
 * @param options.timezone IANA name that cron and at times are read in; UTC if it is left out
 * @throws InvalidScheduleError naming the expression and what is wrong with it
 */
export function parseSchedule(expression: string, options: { anchor: Date; timezone?: string }): Schedule {
  const [, kind, body] = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim()) ?? []
  const timezone = options.timezone ?? 'UTC'
  if (kind === 'rate') return rate(expression, body!, options.anchor)
  if (kind === 'cron') return cron(expression, body!, timezone)
  if (kind === 'at') return at(expression, body!, timezone)
  throw new InvalidScheduleError(expression, 'it has to be rate(value unit), cron(fields) or at(yyyy-mm-ddThh:mm:ss)')
}

function rate(expression: string, body: string, anchor: Date): Schedule {
  const [, count, unit, plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(body.trim()) ?? []
  const value = Number(count)
  if (!unit || value < 1)
    throw new InvalidScheduleError(expression, 'a rate is a positive number of minutes, hours or days')
  if ((value === 1) === (plural === 's'))
    throw new InvalidScheduleError(expression, `${value} takes the unit "${unit}${value === 1 ? '' : 's'}"`)
  const interval = value * unitMillis[unit as keyof typeof unitMillis]
  return {
    next(after) {
      const passed = Math.floor((after.getTime() - anchor.getTime()) / interval)
      return new Date(anchor.getTime() + Math.max(passed + 1, 0) * interval)
    },
  }
}

/** Six fields: minutes, hours, day of month, month, day of week (1 is Sunday), year. One of the two days has to be `?`. */
function cron(expression: string, body: string, timezone: string): Schedule {
  const fields = body.trim().split(/\s+/)
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = fields
  if (fields.length !== 6)
    throw new InvalidScheduleError(expression, `a cron expression has 6 fields, not ${fields.length}`)
  if ((dayOfMonth === '?') === (dayOfWeek === '?'))
    throw new InvalidScheduleError(expression, 'exactly one of day of month and day of week has to be ?')
  const day = dayOfMonth === '?' ? '*' : dayOfMonth
  const weekday = dayOfWeek === '?' ? '*' : dayOfWeek!.replace(/^(\w+)L$/, '$1#L').replace(/^L$/, 'SAT')
  try {
    const times = new Cron(`0 ${minutes} ${hours} ${day} ${month} ${weekday} ${year}`, {
      timezone,
      alternativeWeekdays: true,
      sloppyRanges: true, // 0/15 is every 15 from 0
      paused: true,
    })
    return { next: (after) => times.nextRun(after) ?? undefined }
  } catch (error) {
    throw new InvalidScheduleError(expression, (error as Error).message.replace(/^\w+: /, '').replace(/\.$/, ''))
  }
}

function at(expression: string, body: string, timezone: string): Schedule {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(body.trim()))
    throw new InvalidScheduleError(expression, 'at() takes yyyy-mm-ddThh:mm:ss')
  try {
    const once = new Cron(body.trim(), { timezone, paused: true })
    return {
      next(after) {
        const time = once.nextRun(new Date(0))
        return time && time > after ? time : undefined
      },
    }
  } catch (error) {
    throw new InvalidScheduleError(expression, (error as Error).message.replace(/\.$/, ''))
  }
}
