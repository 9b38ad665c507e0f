/** An execution's history as the states it went through. */
import type { HistoryEvent } from '@aws-sdk/client-sfn'

export type StateStatus = 'running' | 'succeeded' | 'failed' | 'caught'

/** One visit of a state. */
export interface StateRun {
  name: string
  /** `Task`, `Map`, `Choice`, … */
  type: string
  /** The id of its StateEntered event, which orders visits. */
  id: number
  enteredAt: Date
  exitedAt?: Date
  status: StateStatus
  /** How often its task was started: more than once after a retry. */
  attempts: number
  /** The function that its task invokes. */
  functionName?: string
  /** What its task, or the state itself, gave: parsed JSON. */
  result?: unknown
  /** The last error, also of an attempt that was retried. */
  error?: string
  cause?: string
  /** The id of the event that brought the error. */
  failedAt?: number
}

const FAILURE = /(Failed|TimedOut|Aborted)$/
// Details stand in a member named after the event: taskFailedEventDetails.
type Details = {
  name?: string
  output?: string
  error?: string
  cause?: string
  parameters?: string
}

/** Grows with the pages of GetExecutionHistory, oldest first. */
export class Timeline {
  readonly states: StateRun[] = []
  readonly events: HistoryEvent[] = []
  readonly #events = new Map<number, HistoryEvent>()
  readonly #visits = new Map<number, StateRun>()
  /** The event with which the last redrive began. */
  #redriven = 0

  /** Adds events that are new; the visits that they changed. */
  add(events: readonly HistoryEvent[]): StateRun[] {
    const changed = new Set<StateRun>()
    for (const event of events) {
      if (this.#events.has(event.id!)) continue
      this.#events.set(event.id!, event)
      this.events.push(event)
      const visit = this.#take(event)
      if (visit) changed.add(visit)
    }
    return [...changed]
  }

  get lastEvent(): HistoryEvent | undefined {
    return this.events.at(-1)
  }

  /** The visit that an event belongs to: the nearest state entered before it, along its chain of previous events. */
  visitOf(event: HistoryEvent): StateRun | undefined {
    for (let at: HistoryEvent | undefined = event; at; at = this.#events.get(at.previousEventId ?? 0)) {
      const visit = this.#visits.get(at.id!)
      if (visit) return visit
    }
    return undefined
  }

  /**
   * The visit in which the execution's failure began: a task that failed with the execution's error, in preference to the states around it, to
   * what failed while cleaning up after it, and to the Fail state that repeats it.
   */
  failedVisit(error?: string, cause = ''): StateRun | undefined {
    const failed = this.states.filter(
      ({ failedAt = 0, status, type }) => failedAt > this.#redriven && status !== 'succeeded' && type !== 'Fail',
    )
    const same = failed.filter((visit) => error === undefined || visit.error === error)
    const tasks = (same.length > 0 ? same : failed).filter((visit) => visit.type === 'Task')
    // The workflow's cause quotes the message of the task that it is about.
    const quoted = tasks.find((visit) => visit.cause !== undefined && cause.includes(unwrap(visit.cause)))
    // Where no state failed, but one decided on it, the notice names that one.
    const [, named] = /^State (\w+): /.exec(cause) ?? []
    const decided = this.states.findLast(({ name }) => name === named)
    return quoted ?? tasks.at(-1) ?? same.at(-1) ?? failed.at(-1) ?? decided ?? this.states.at(-1)
  }

  #take(event: HistoryEvent): StateRun | undefined {
    const type = event.type!
    const details = detailsOf(event)
    if (type.endsWith('StateEntered')) {
      const visit: StateRun = {
        name: details.name!,
        type: type.slice(0, -'StateEntered'.length),
        id: event.id!,
        enteredAt: event.timestamp!,
        status: 'running',
        attempts: 0,
      }
      this.#visits.set(event.id!, visit)
      this.states.push(visit)
      return visit
    }
    if (type.endsWith('StateExited')) return this.#exit(event, details)
    if (type === 'ExecutionRedriven') this.#redriven = event.id!
    if (type.startsWith('Execution')) {
      if (!FAILURE.test(type)) return undefined
      const open = this.states.filter((visit) => visit.status === 'running')
      for (const visit of open) end(visit, event, 'failed')
      return open.at(-1)
    }
    const visit = this.visitOf(event)
    if (!visit) return undefined
    // What ends with the Map or Parallel around it, because it failed or because another part of that did.
    if (type.endsWith('StateAborted')) {
      end(visit, event, 'failed')
      return visit
    }
    if (type === 'TaskScheduled' || type === 'LambdaFunctionScheduled') {
      visit.attempts++
      if (visit.status === 'failed') reopen(visit)
      const name = functionOf(details.parameters)
      if (name) visit.functionName = name
    } else if (type === 'TaskSucceeded' || type === 'LambdaFunctionSucceeded') {
      visit.result = payloadOf(parse(details.output))
    } else if (FAILURE.test(type) && (details.error !== undefined || details.cause !== undefined)) {
      visit.error = details.error ?? 'States.Runtime'
      visit.failedAt = event.id!
      if (details.cause !== undefined) visit.cause = details.cause
    } else return undefined
    return visit
  }

  #exit(event: HistoryEvent, details: Details): StateRun | undefined {
    for (let at: HistoryEvent | undefined = event; at; at = this.#events.get(at.previousEventId ?? 0)) {
      const visit = this.#visits.get(at.id!)
      if (!visit || visit.name !== details.name) continue
      // A state that caught its error leaves like any other; only the order of events tells.
      const failed = this.#lastBefore(event, visit)
      end(visit, event, failed ? 'caught' : 'succeeded')
      visit.result ??= parse(details.output)
      return visit
    }
    return undefined
  }

  /** Whether the last thing that happened in a visit before it ended was a failure. */
  #lastBefore(event: HistoryEvent, visit: StateRun): boolean {
    const previous = this.#events.get(event.previousEventId ?? 0)
    return (
      previous !== undefined &&
      previous.id !== visit.id &&
      FAILURE.test(previous.type!) &&
      !previous.type!.includes('StateEntered')
    )
  }
}

function end(visit: StateRun, event: HistoryEvent, status: StateStatus): void {
  visit.exitedAt = event.timestamp!
  visit.status = status
}

/** A redrive takes a state up again without entering it anew. */
function reopen(visit: StateRun): void {
  visit.status = 'running'
  delete visit.exitedAt
  delete visit.error
  delete visit.cause
}

export function detailsOf(event: HistoryEvent): Details {
  for (const [name, value] of Object.entries(event)) {
    if (name.endsWith('EventDetails') && value) return value as Details
  }
  return {}
}

function functionOf(parameters: string | undefined): string | undefined {
  const { FunctionName } = (parse(parameters) ?? {}) as { FunctionName?: unknown }
  return typeof FunctionName === 'string' ? FunctionName : undefined
}

/** What a function answered, out of the result of `lambda:invoke`. */
function payloadOf(output: unknown): unknown {
  if (typeof output === 'object' && output !== null && 'Payload' in output) return output.Payload
  return output
}

export function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The message in a cause: Lambda gives `{"errorType", "errorMessage", "trace"}` as a text of JSON.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
export function unwrap(cause: string): string {
  const value = parse(cause)
  if (typeof value !== 'object' || value === null) return cause
  const { errorMessage } = value as { errorMessage?: unknown }
  return typeof errorMessage === 'string' ? unwrap(errorMessage) : cause
}
