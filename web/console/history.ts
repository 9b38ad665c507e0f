/** What an execution's event history says of each state. */

export interface HistoryEvent {
  id: number
  previousEventId?: number
  type: string
  timestamp: number
  [details: string]: any
}

export type StateStatus = 'waiting' | 'running' | 'succeeded' | 'failed' | 'caught' | 'aborted'

export interface StateRun {
  name: string
  status: StateStatus
  /** How often it was entered (a state inside of a Map is entered once an item). */
  entered: number
  exited: number
  attempts: number
  /** Seconds since the epoch. */
  firstEntered: number
  lastExited?: number
  input?: string
  output?: string
  error?: string
  cause?: string
}

/** Walks the chain of previousEventId to the state that an event belongs to. */
export function statesOf(events: HistoryEvent[], executionStatus: string): Map<string, StateRun> {
  const runs = new Map<string, StateRun>()
  const stateOfEvent = new Map<number, string>()
  const failures: [state: string, error?: string, cause?: string][] = []
  for (const event of events) {
    const entered = event.stateEnteredEventDetails
    const exited = event.stateExitedEventDetails
    const previous = stateOfEvent.get(event.previousEventId ?? 0)
    const name = entered?.name ?? exited?.name ?? previous
    if (name) stateOfEvent.set(event.id, name)
    if (entered) {
      const run = runs.get(entered.name) ?? newRun(entered.name, event.timestamp)
      runs.set(entered.name, run)
      run.entered++
      run.input = entered.input
    } else if (exited) {
      const run = runs.get(exited.name)
      if (!run) continue
      run.exited++
      run.lastExited = event.timestamp
      run.output = exited.output
    } else if (name && /(Failed|TimedOut|Aborted)$/.test(event.type)) {
      const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1]
      failures.push([name, details?.error, details?.cause])
    } else if (name && /^(Task|LambdaFunction|Activity)Scheduled$/.test(event.type)) {
      const run = runs.get(name)
      if (run) run.attempts++
    }
  }
  for (const [name, error, cause] of failures) {
    const run = runs.get(name)
    if (!run) continue
    if (error) run.error = error
    if (cause) run.cause = cause
  }
  for (const run of runs.values()) run.status = statusOf(run, executionStatus)
  return runs
}

function newRun(name: string, timestamp: number): StateRun {
  return { name, status: 'running', entered: 0, exited: 0, attempts: 0, firstEntered: timestamp }
}

function statusOf(run: StateRun, executionStatus: string): StateStatus {
  if (run.exited < run.entered) {
    if (executionStatus === 'RUNNING') return 'running'
    return executionStatus === 'ABORTED' ? 'aborted' : 'failed'
  }
  // A state that was left although it failed last was caught; one that failed and was retried has succeeded.
  return run.error && run.output?.includes('"Error"') ? 'caught' : 'succeeded'
}
