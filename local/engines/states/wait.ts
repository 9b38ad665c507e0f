/** The Wait state. */
import type { WaitState } from './definition.ts'
import { EvaluationFailure, RuntimeFailure } from './errors.ts'
import type { Frame } from './frame.ts'
import { textOf } from './json.ts'
import { lastOf } from './recovery.ts'
import { readInteger, readSetting } from './setting.ts'
import { parseTimestamp } from './timestamp.ts'

/** Waits for the seconds or until the timestamp of the state; a restart does not make the wait longer. */
export async function waitUntil(frame: Frame<WaitState>): Promise<void> {
  const { execution, thread } = frame
  const noted = lastOf(frame.takeRecorded(), 'Wait')
  const until = (noted?.[6]?.until as number | undefined) ?? (await end(frame))
  if (until <= execution.ports.clock.now()) return
  if (!noted) execution.note(thread, 'Wait', { until })
  await thread.cancellation.sleep(execution.ports.clock, until)
}

async function end(frame: Frame<WaitState>): Promise<number> {
  const { seconds, timestamp } = frame.state
  if (seconds?.path) {
    const value = await readSetting(frame, seconds)
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return frame.enteredTime + value * 1000
    const what = typeof value === 'number' && value < 0 ? 'a non-negative' : 'an'
    throw new RuntimeFailure(
      `The SecondsPath parameter does not reference ${what} integer value: ${seconds.path.text} == ${typeof value === 'string' ? value : textOf(value)}`,
    )
  }
  if (seconds) return frame.enteredTime + (await readInteger(frame, seconds)) * 1000
  const value = await readSetting(frame, timestamp!)
  const time = typeof value === 'string' ? parseTimestamp(value) : undefined
  if (time !== undefined) return time
  const text = typeof value === 'string' ? value : textOf(value)
  if (timestamp!.path)
    throw new RuntimeFailure(
      `The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: ${timestamp!.path.text} == ${text}`,
    )
  throw new EvaluationFailure(
    `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
    'Timestamp',
    true,
  )
}
