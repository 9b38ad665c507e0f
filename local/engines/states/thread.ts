/** A thread of an execution: the execution itself, a branch of a Parallel, an iteration of a Map. It runs state after state. */
import type { Cancellation } from './cancellation.ts'
import type { Program, State } from './definition.ts'
import type { Execution } from './execution.ts'
import { Frame } from './frame.ts'
import { type Json, type JsonObject, textOf } from './json.ts'
import type { ThreadRecovery } from './recovery.ts'
import { runState } from './run-state.ts'

/** After so many states a thread lets others run, so that a loop of states never holds up the process. */
const turn = 128

export interface Outcome {
  output: Json
  next: string | undefined
  assigned?: JsonObject
}

export class Thread {
  readonly execution: Execution
  readonly key: string
  readonly cancellation: Cancellation
  variables: Record<string, Json>
  /** The event that the next one follows. */
  last = 0
  /** For an iteration of a Map. */
  readonly item: { Index: number; Value: Json } | undefined
  /** The state that runs now. */
  state: State | undefined
  readonly recovered: ThreadRecovery | undefined

  constructor(
    execution: Execution,
    key: string,
    cancellation: Cancellation,
    variables: Record<string, Json>,
    item?: { Index: number; Value: Json },
  ) {
    this.execution = execution
    this.key = key
    this.cancellation = cancellation
    this.item = item
    this.recovered = execution.recovered(key)
    this.variables = this.recovered ? { ...variables, ...this.recovered.variables } : variables
    if (this.recovered) this.last = this.recovered.last
  }

  /** Runs a program from its first state, or from where the journal left this thread. @returns its output */
  async run(program: Program, input: Json): Promise<Json> {
    let name: string | undefined = program.startAt
    let current = this.recovered?.current
    if (this.recovered?.position) {
      name = this.recovered.position.next
      input = this.recovered.position.output
    }
    for (let count = 1; name !== undefined; count++) {
      if (count % turn === 0) await new Promise((resume) => setImmediate(resume))
      this.cancellation.check()
      const state: State = program.states.get(name)!
      const frame: Frame = new Frame(this, state, input, current ?? [])
      current = undefined
      this.state = state
      const running = runState(frame)
      const outcome: Outcome = running instanceof Promise ? await running : running
      this.#exit(frame, outcome)
      input = outcome.output
      name = outcome.next
    }
    this.state = undefined
    return input
  }

  #exit(frame: Frame, { output, next, assigned }: Outcome): void {
    const details: Record<string, Json> = { name: frame.state.name, output: textOf(output) }
    if (assigned) {
      const texts: JsonObject = {}
      for (const [name, value] of Object.entries(assigned)) texts[name] = textOf(value)
      details.assignedVariables = texts
      this.variables = { ...this.variables, ...assigned }
    }
    this.execution.emit(this, `${frame.state.type}StateExited`, details, { next: next ?? null })
  }
}
