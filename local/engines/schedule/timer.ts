/** Runs something at the times of a schedule, without keeping the process alive. */
import type { Schedule } from './expression.ts'

/** setTimeout overflows beyond 2^31 - 1 ms (about 24.8 days). */
const longestWait = 2 ** 31 - 1

export interface Timer {
  stop(): void
}

/** @param run gets the time it was due; what it throws goes to `failed` */
export function runOn(schedule: Schedule, run: (due: Date) => unknown, failed: (error: Error) => void): Timer {
  let timeout: NodeJS.Timeout | undefined
  let stopped = false

  function wait(due: Date | undefined) {
    if (stopped || !due) return
    const millis = due.getTime() - Date.now()
    timeout = setTimeout(
      () => (millis > longestWait ? wait(due) : fire(due)),
      Math.min(Math.max(millis, 0), longestWait),
    )
    timeout.unref()
  }

  async function fire(due: Date) {
    // The next time counts from now: what was missed while the machine slept is not made up for.
    wait(schedule.next(new Date(Math.max(due.getTime(), Date.now()))))
    try {
      await run(due)
    } catch (error) {
      failed(error as Error)
    }
  }

  wait(schedule.next(new Date()))
  return {
    stop() {
      stopped = true
      clearTimeout(timeout)
    },
  }
}
