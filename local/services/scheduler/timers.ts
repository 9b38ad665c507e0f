/** One timer for each schedule that is enabled. */
import { parseSchedule, type Schedule as Times } from '../../engines/schedule/expression.ts'
import { runOn, type Timer } from '../../engines/schedule/timer.ts'
import type { Schedule, Store } from './store.ts'

export function createTimers(store: Store, invoke: (schedule: Schedule, due: Date) => void) {
  const timers = new Map<string, { text: string; timer: Timer }>()
  let started = false

  function update(key: string, schedule: Schedule | undefined) {
    const text =
      schedule?.state === 'ENABLED'
        ? [schedule.expression, schedule.timezone, schedule.start, schedule.end].join()
        : undefined
    const running = timers.get(key)
    if (running && running.text === text) return
    running?.timer.stop()
    timers.delete(key)
    if (text === undefined || !started) return
    const failed = (error: Error) => store.cloud.log('error', `Schedule ${key} failed: ${error.message}`)
    timers.set(key, { text, timer: runOn(timesOf(schedule!), (due) => fire(key, due), failed) })
  }

  function fire(key: string, due: Date) {
    const schedule = store.schedules.get(key)
    if (!schedule) return
    invoke(schedule, due)
    if (schedule.afterCompletion === 'DELETE' && !timesOf(schedule).next(due)) store.remove(schedule)
  }

  store.onChange(update)
  return {
    start() {
      started = true
      for (const [key, schedule] of store.schedules.entries()) update(key, schedule)
    },
    close() {
      started = false
      for (const { timer } of timers.values()) timer.stop()
      timers.clear()
    },
  }
}

/** The times of the expression between start and end; a rate begins at the start, or when the schedule was made. */
function timesOf({ expression, timezone, start, end, created }: Schedule): Times {
  const times = parseSchedule(expression, { anchor: new Date(start ?? created), timezone })
  return {
    next(after) {
      const from = start && new Date(start) > after ? new Date(Date.parse(start) - 1) : after
      const due = times.next(from)
      return due && end && due > new Date(end) ? undefined : due
    },
  }
}
