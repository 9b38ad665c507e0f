/** What an execution's event history says of each state. */
import { call } from './aws.ts'

export interface HistoryEvent {
  id: number
  previousEventId?: number
  type: string
  timestamp: number
  [details: string]: any
}

export type StateStatus = 'waiting' | 'running' | 'succeeded' | 'failed' | 'caught' | 'aborted'

/** A state entered once: by each item of a Map, and again in a loop. Times are seconds since the epoch. */
export interface Visit {
  name: string
  status: StateStatus
  attempts: number
  entered: number
  exited?: number
  input?: string
  output?: string
  /** Variables that it set. */
  assigned?: string
  error?: string
  cause?: string
  functionName?: string
}

export interface StateRun {
  name: string
  /** The worst of its visits. */
  status: StateStatus
  visits: Visit[]
}

const WORST_FIRST: StateStatus[] = ['failed', 'running', 'aborted', 'caught', 'succeeded']
const FAILURE = /(Failed|TimedOut|Aborted)$/

/** Grows with the pages of GetExecutionHistory, so that a long history is not read anew at every poll. */
export class History {
  readonly events: HistoryEvent[] = []
  #lastPage: string | undefined
  readonly #executionArn: string

  constructor(executionArn: string) {
    this.#executionArn = executionArn
  }

  async read(): Promise<void> {
    for (;;) {
      const page = await call<{ events: HistoryEvent[]; nextToken?: string }>('states', 'GetExecutionHistory', {
        executionArn: this.#executionArn,
        maxResults: 1000,
        includeExecutionData: true,
        ...(this.#lastPage && { nextToken: this.#lastPage }),
      })
      const known = this.events.at(-1)?.id ?? 0
      this.events.push(...page.events.filter(({ id }) => id > known))
      if (!page.nextToken) return
      this.#lastPage = page.nextToken
    }
  }
}

export function detailsOf(event: HistoryEvent): any {
  return Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1]
}

/** The states of a history, and the state that each event belongs to. */
export function statesOf(events: HistoryEvent[], executionStatus: string) {
  const runs = new Map<string, StateRun>()
  // The visit of an event is that of the event before it, along the chain of previousEventId.
  const visitOf = new Map<number, Visit>()
  const types = new Map<number, string>()
  for (const event of events) {
    types.set(event.id, event.type)
    const { stateEnteredEventDetails: entered, stateExitedEventDetails: exited } = event
    if (entered) {
      const visit: Visit = { name: entered.name, status: 'running', attempts: 0, entered: event.timestamp }
      visit.input = entered.input
      visitOf.set(event.id, visit)
      const run: StateRun = runs.get(entered.name) ?? { name: entered.name, status: 'running', visits: [] }
      runs.set(entered.name, run)
      run.visits.push(visit)
      continue
    }
    const before = visitOf.get(event.previousEventId ?? 0)
    // A Map or Parallel ends after the last event of what was inside of it.
    const visit = exited && before?.name !== exited.name ? runs.get(exited.name)?.visits.findLast(isOpen) : before
    if (!visit) continue
    visitOf.set(event.id, visit)
    if (exited) {
      visit.exited = event.timestamp
      visit.output = exited.output
      if (exited.assignedVariables) visit.assigned = JSON.stringify(exited.assignedVariables)
      visit.status = FAILURE.test(types.get(event.previousEventId ?? 0) ?? '') ? 'caught' : 'succeeded'
    } else take(visit, event)
  }
  for (const run of runs.values()) {
    for (const visit of run.visits) if (isOpen(visit)) visit.status = openStatus(visit, executionStatus)
    run.status = WORST_FIRST.find((status) => run.visits.some((visit) => visit.status === status)) ?? 'succeeded'
  }
  return { runs, nameOf: (event: HistoryEvent) => visitOf.get(event.id)?.name ?? '' }
}

const isOpen = (visit: Visit) => visit.exited === undefined

function take(visit: Visit, event: HistoryEvent): void {
  const details = detailsOf(event)
  if (/^(Task|LambdaFunction|Activity)Scheduled$/.test(event.type)) {
    visit.attempts++
    const name = /"FunctionName":"([^"]+)"/.exec(details?.parameters ?? '')?.[1]
    if (name) visit.functionName = name
  } else if (FAILURE.test(event.type)) {
    if (details?.error) visit.error = details.error
    if (details?.cause) visit.cause = details.cause
    if (event.type.endsWith('StateAborted')) visit.exited = event.timestamp
    if (event.type.endsWith('StateAborted')) visit.status = visit.error ? 'failed' : 'aborted'
  }
}

function openStatus(visit: Visit, executionStatus: string): StateStatus {
  if (executionStatus === 'RUNNING') return 'running'
  return executionStatus === 'ABORTED' && !visit.error ? 'aborted' : 'failed'
}
