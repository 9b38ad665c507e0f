/** How long each state of the execution took, out of its history. */
import { type HistoryEvent, paginateGetExecutionHistory, SFNClient } from '@aws-sdk/client-sfn'

export interface StateDuration {
  state: string
  /** Seconds since the execution started. */
  start: number
  seconds: number
}

const states = new SFNClient({})

export async function durations(executionArn: string): Promise<StateDuration[]> {
  const events: HistoryEvent[] = []
  // Without the data: it holds task tokens.
  const pages = paginateGetExecutionHistory({ client: states }, { executionArn, includeExecutionData: false })
  for await (const page of pages) events.push(...(page.events ?? []))
  return durationsOf(events)
}

/**
 * From the first time that a state was entered until it was last left; a state that runs in many iterations is one line. Choices take no
 * time, and a Map takes that of its states.
 */
export function durationsOf(events: HistoryEvent[]): StateDuration[] {
  const start = events[0]?.timestamp?.getTime() ?? 0
  const spans = new Map<string, { from: number; to: number | undefined }>()
  for (const { type = '', timestamp, stateEnteredEventDetails, stateExitedEventDetails } of events) {
    const at = timestamp?.getTime() ?? start
    const entered = stateEnteredEventDetails?.name
    const exited = stateExitedEventDetails?.name
    if (entered && !/^(Choice|Pass|Fail|Succeed|Map|Parallel)/.test(type) && !spans.has(entered))
      spans.set(entered, { from: at, to: undefined })
    const span = exited === undefined ? undefined : spans.get(exited)
    if (span) span.to = at
  }
  return [...spans].flatMap(([state, { from, to }]) =>
    to === undefined ? [] : [{ state, start: (from - start) / 1000, seconds: (to - from) / 1000 }],
  )
}
