/** The engine: the running executions, and what can be done to them. It knows nothing of AWS's API. */
import { Activities } from './activities.ts'
import { Callbacks } from './callbacks.ts'
import type { Program } from './definition.ts'
import { Execution, endOf } from './execution.ts'
import { type JournalRecord, MemoryJournals } from './journal.ts'
import type { ExecutionInfo, Ports, StartChild } from './ports.ts'

export class Engine {
  readonly ports: Ports
  readonly callbacks = new Callbacks()
  readonly activities = new Activities()
  /** The default for children of distributed Maps: express ones are kept in memory only. */
  readonly startChild: StartChild = (info, program, { known }) => {
    const options = info.express ? { ports: { journals: new MemoryJournals() } } : {}
    if (!known || info.express) return this.start(info, program, options)
    const end = endOf(this.ports.journals.read(info.arn))
    return end && end.status !== 'SUCCEEDED'
      ? this.redrive(info, program, options)
      : this.resume(info, program, options)
  }
  readonly #running = new Map<string, Execution>()

  constructor(ports: Ports) {
    this.ports = ports
  }

  /** Starts an execution; its first event is in the journal when this returns. */
  start(info: ExecutionInfo, program: Program, options: StartOptions = {}): Execution {
    const execution = this.#make(info, program, options)
    execution.start()
    return execution
  }

  /**
   * Goes on with an execution whose process died. What its journal holds is not done again; a task that was called but has no
   * recorded end is called again.
   */
  resume(info: ExecutionInfo, program: Program, options: StartOptions = {}): Execution {
    const records = this.ports.journals.read(info.arn)
    const execution = this.#make(info, program, options)
    if (records.length === 0) execution.start()
    else execution.resume(records)
    return execution
  }

  /** Goes on with an execution that failed, was aborted or timed out, where it did not succeed. */
  redrive(info: ExecutionInfo, program: Program, options: StartOptions = {}): Execution {
    const records = this.ports.journals.read(info.arn)
    const execution = this.#make(info, program, options)
    execution.redrive(records)
    return execution
  }

  /** A running execution. */
  running(arn: string): Execution | undefined {
    return this.#running.get(arn)
  }

  get runningCount(): number {
    return this.#running.size
  }

  /** The journal of an execution, running or not. */
  records(arn: string, journals = this.ports.journals): JournalRecord[] {
    this.#running.get(arn)?.flush()
    return journals.read(arn)
  }

  /** Leaves all executions where they are, as the death of the process would; their journals are on disk. */
  suspend(): void {
    const running = [...this.#running.values()]
    // All of them first: an execution that is cancelled would stop its children.
    for (const execution of running) execution.freeze()
    for (const execution of running) execution.cancellation.cancel()
    this.#running.clear()
  }

  #make(info: ExecutionInfo, program: Program, options: StartOptions): Execution {
    const ports = options.ports ? { ...this.ports, ...options.ports } : this.ports
    const execution = new Execution(info, program, ports, this, options.onEvent)
    this.#running.set(info.arn, execution)
    void execution.ended.then(() => {
      if (this.#running.get(info.arn) === execution) this.#running.delete(info.arn)
    })
    return execution
  }
}

export interface StartOptions {
  /** Sees every record as it is written. */
  onEvent?: (record: JournalRecord) => void
  /** Ports that differ for this execution. */
  ports?: Partial<Ports>
}
