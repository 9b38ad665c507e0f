/** One execution: its journal, its place among the running ones, and how it starts, ends and goes on after a restart. */
import type { Activities } from './activities.ts'
import type { Callbacks } from './callbacks.ts'
import { Cancellation } from './cancellation.ts'
import type { Program } from './definition.ts'
import { Cancelled, LimitFailure, StatesError, TimeoutFailure } from './errors.ts'
import type { Journal, JournalRecord } from './journal.ts'
import { type Json, parseJson, textOf } from './json.ts'
import type { ExecutionInfo, Ports, StartChild } from './ports.ts'
import { recoverThreads, type ThreadRecovery } from './recovery.ts'
import { Thread } from './thread.ts'

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED'

/** How an execution ended. */
export interface ExecutionResult {
  readonly status: Exclude<ExecutionStatus, 'RUNNING'>
  readonly stopTime: number
  readonly output?: string
  readonly error?: string
  readonly cause?: string
}

const defaultMaxEvents = 25_000
/** Express executions take five minutes at most (https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). */
const expressSeconds = 300

export class Execution {
  readonly info: ExecutionInfo
  readonly program: Program
  readonly ports: Ports
  readonly callbacks: Callbacks
  readonly activities: Activities
  readonly cancellation = new Cancellation()
  /** Settles when the execution has ended and its end is in the journal. */
  readonly ended: Promise<ExecutionResult>
  redriveCount = 0
  redriveTime: number | undefined
  readonly #journal: Journal
  readonly #maxEvents: number
  #lastId = 0
  #result: ExecutionResult | undefined
  #settle!: (result: ExecutionResult) => void
  #threads = new Map<string, ThreadRecovery>()
  readonly #startChild: StartChild | undefined
  #suspended = false
  #onEvent: ((record: JournalRecord) => void) | undefined

  constructor(
    info: ExecutionInfo,
    program: Program,
    ports: Ports,
    desks: { callbacks: Callbacks; activities: Activities; startChild?: StartChild },
    onEvent?: (record: JournalRecord) => void,
  ) {
    this.info = info
    this.program = program
    this.ports = ports
    this.callbacks = desks.callbacks
    this.activities = desks.activities
    this.#startChild = ports.startChild ?? desks.startChild
    this.#onEvent = onEvent
    this.#journal = ports.journals.open(info.arn)
    this.#maxEvents = ports.maxEvents ?? defaultMaxEvents
    this.ended = new Promise((settle) => {
      this.#settle = settle
    })
  }

  get result(): ExecutionResult | undefined {
    return this.#result
  }

  /** Begins at the first state. */
  start(): void {
    this.emit(undefined, 'ExecutionStarted', { input: this.info.input, roleArn: this.info.roleArn }, undefined, 0)
    this.flush()
    this.#run()
  }

  /** Goes on where the journal ends. */
  resume(records: readonly JournalRecord[]): void {
    for (const [id, , timestamp, type] of records) {
      this.#lastId = Math.max(this.#lastId, id)
      if (type === 'ExecutionRedriven') {
        this.redriveCount++
        this.redriveTime = timestamp
      }
    }
    const end = endOf(records)
    if (end) {
      // The process died between the end and what follows from it.
      this.#result = end
      this.#journal.close()
      this.#settle(end)
      return
    }
    this.#threads = recoverThreads(records)
    this.#run()
  }

  /** Goes on, after a failure, at the states that did not succeed. */
  redrive(records: readonly JournalRecord[]): void {
    for (const [id, , , type] of records) {
      this.#lastId = Math.max(this.#lastId, id)
      if (type === 'ExecutionRedriven') this.redriveCount++
    }
    this.redriveCount++
    this.redriveTime = this.ports.clock.now()
    this.emit(undefined, 'ExecutionRedriven', { redriveCount: this.redriveCount }, undefined, this.#lastId)
    this.flush()
    this.#threads = recoverThreads([...records, [this.#lastId, 0, this.redriveTime, 'ExecutionRedriven', null, '']])
    this.#run()
  }

  /** What is known of a thread from before a restart; it is handed out once. */
  recovered(key: string): ThreadRecovery | undefined {
    const thread = this.#threads.get(key)
    this.#threads.delete(key)
    return thread
  }

  /**
   * Writes an event. `previous` is the event it follows, by default the thread's last one.
   * @returns the event's id
   * @throws Cancelled when the execution is over
   */
  emit(
    thread: Thread | undefined,
    type: string,
    details: Record<string, Json> | null,
    note?: Record<string, Json>,
    previous = thread?.last ?? 0,
  ): number {
    if (this.#result || this.#suspended) throw new Cancelled()
    if (this.#lastId >= this.#maxEvents - 1 && !type.startsWith('Execution'))
      throw new LimitFailure(
        'States.Runtime',
        `The execution reached the maximum number of history events (${this.#maxEvents}).`,
      )
    const id = ++this.#lastId
    const record: JournalRecord = [id, previous, this.ports.clock.now(), type, details, thread?.key ?? '']
    if (note) record.push(note)
    this.#append(record)
    if (thread) thread.last = id
    return id
  }

  /** Writes an event that no later one follows: the next event of the thread has the same predecessor. */
  aside(thread: Thread, type: string, details: Record<string, Json> | null): number {
    const { last } = thread
    const id = this.emit(thread, type, details)
    thread.last = last
    return id
  }

  /** Writes what only a restart needs to know. */
  note(thread: Thread, type: string, note: Record<string, Json>): void {
    if (this.#result || this.#suspended) throw new Cancelled()
    this.#append([0, 0, this.ports.clock.now(), type, null, thread.key, note])
  }

  #append(record: JournalRecord): void {
    this.#journal.append(record)
    this.#onEvent?.(record)
    flushSoon(this)
  }

  /** Starts a child execution, for a distributed Map. */
  startChild(...request: Parameters<StartChild>): Execution {
    if (!this.#startChild) throw new StatesError('States.Runtime', 'Child executions cannot be started here.')
    this.flush()
    return this.#startChild(...request)
  }

  /** Makes what was written visible: before a task is called, before an answer is given. */
  flush(): void {
    if (!this.#suspended) this.#journal.flush()
  }

  /** Stops the execution from outside. */
  abort(error?: string, cause?: string): void {
    if (this.#result || this.#suspended) return
    const details: Record<string, Json> = {}
    if (error !== undefined) details.error = error
    if (cause !== undefined) details.cause = cause
    this.#end('ExecutionAborted', details, 0, { status: 'ABORTED', error, cause })
  }

  /** Writes nothing any more: from now on the journal says how to go on. */
  freeze(): void {
    if (this.#result || this.#suspended) return
    unflushed.delete(this)
    this.#journal.close()
    this.#suspended = true
  }

  #run(): void {
    const own = this.info.item ? undefined : this.program.timeoutSeconds
    const timeout = this.info.express ? Math.min(own ?? expressSeconds, expressSeconds) : own
    const started = this.redriveTime ?? this.info.startTime
    if (timeout !== undefined) {
      const cancelTimer = this.ports.clock.at(started + timeout * 1000, () =>
        this.#end('ExecutionTimedOut', { error: 'States.Timeout' }, 0, { status: 'TIMED_OUT' }),
      )
      this.cancellation.onCancel(cancelTimer)
    }
    const thread = new Thread(this, '', this.cancellation, {})
    const work = async () => {
      const input = parseJson(this.info.input)
      return thread.run(this.program, input)
    }
    work().then(
      (output) => this.#succeed(thread, output),
      (error) => this.#fail(thread, error),
    )
  }

  #succeed(thread: Thread, output: Json): void {
    if (this.#result) return
    const text = textOf(output)
    this.#end('ExecutionSucceeded', { output: text }, thread.last, { status: 'SUCCEEDED', output: text })
  }

  #fail(thread: Thread, error: unknown): void {
    if (this.#result || this.#suspended || error instanceof Cancelled) return
    if (error instanceof TimeoutFailure || !(error instanceof StatesError)) {
      const name = error instanceof StatesError ? error.name : 'States.Runtime'
      const cause = error instanceof StatesError ? undefined : ((error as Error)?.message ?? String(error))
      this.#endFailed(thread, name, cause)
      return
    }
    this.#endFailed(thread, error.name === 'Error' ? undefined : error.name, error.causeText)
  }

  #endFailed(thread: Thread, error: string | undefined, cause: string | undefined): void {
    const details: Record<string, Json> = {}
    if (error !== undefined && error !== '') details.error = error
    if (cause !== undefined) details.cause = cause
    this.#end('ExecutionFailed', details, thread.last, { status: 'FAILED', error: error || undefined, cause })
  }

  #end(
    type: string,
    details: Record<string, Json>,
    previous: number,
    result: { status: ExecutionResult['status']; output?: string; error?: string; cause?: string },
  ): void {
    if (this.#result || this.#suspended) return
    this.emit(undefined, type, details, undefined, previous)
    this.#result = { ...result, stopTime: this.ports.clock.now() }
    unflushed.delete(this)
    this.#journal.close()
    this.cancellation.cancel()
    this.#settle(this.#result)
  }
}

/** Executions with records that are not on disk yet; one turn of the event loop later they are. */
const unflushed = new Set<Execution>()

let flushing = false

function flushSoon(execution: Execution): void {
  unflushed.add(execution)
  if (flushing) return
  flushing = true
  setImmediate(() => {
    flushing = false
    const waiting = [...unflushed]
    unflushed.clear()
    for (const each of waiting) each.flush()
  })
}

const ends: Record<string, ExecutionResult['status']> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionAborted: 'ABORTED',
  ExecutionTimedOut: 'TIMED_OUT',
}

/** How a journal's execution ended, if it did and was not redriven since. */
export function endOf(records: readonly JournalRecord[]): ExecutionResult | undefined {
  const last = records.findLast((record) => record[0] > 0 && record[3].startsWith('Execution'))
  const status = last && ends[last[3]]
  if (!last || !status) return undefined
  // The event of a time-out names an error, the execution does not.
  const details = status === 'TIMED_OUT' ? {} : (last[4] as { output?: string; error?: string; cause?: string })
  return { status, stopTime: last[2], ...details }
}
