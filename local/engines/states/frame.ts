/** A state while it runs: its input, its context object, and how its fields are filled in. */

import { realClock } from './clock.ts'
import type { State } from './definition.ts'
import { LimitFailure, StatesError } from './errors.ts'
import type { JournalRecord } from './journal.ts'
import { exceedsPayload, type Json, type JsonObject, textOf } from './json.ts'
import type { JsonPath } from './json-path.ts'
import { PathNotFound, writePath } from './json-path.ts'
import { readFrom, type Scope, type Template } from './template.ts'
import type { Thread } from './thread.ts'

export class Frame<S extends State = State> {
  readonly thread: Thread
  readonly state: S
  /** The state's input as it came in. */
  readonly input: Json
  /** What the journal holds of this state from before a restart. */
  recorded: readonly JournalRecord[]
  /** The id of the Entered event, and of the event before it. */
  readonly enteredId: number
  readonly before: number
  readonly enteredTime: number
  retryCount = 0
  /** How often the threads of a Map or Parallel were started. */
  attempts = 0
  token: string | undefined
  /** Sees the values on the way from input to output (TestState shows them). */
  inspect: ((stage: string, value: Json) => void) | undefined
  /** Stands in for the threads of a Map or Parallel (TestState). */
  mock: ((items: number) => Json) | undefined
  #context: JsonObject | undefined

  constructor(thread: Thread, state: S, input: Json, recorded: readonly JournalRecord[]) {
    this.thread = thread
    this.state = state
    this.input = input
    this.recorded = recorded
    const entered = recorded.find((record) => record[3].endsWith('StateEntered'))
    if (entered) {
      this.enteredId = entered[0]
      this.before = entered[1]
      this.enteredTime = entered[2]
    } else {
      this.before = thread.last
      this.enteredTime = thread.execution.ports.clock.now()
      this.enteredId = thread.execution.emit(thread, `${state.type}StateEntered`, {
        name: state.name,
        input: textOf(input),
      })
    }
  }

  /** The records from before a restart, once: a later attempt begins anew. */
  takeRecorded(): readonly JournalRecord[] {
    const recorded = this.recorded
    this.recorded = []
    return recorded
  }

  get execution() {
    return this.thread.execution
  }

  /** The context object (https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html). */
  readonly context = (): JsonObject => {
    if (this.#context) return this.#context
    const { info, redriveCount, redriveTime } = this.execution
    const execution: JsonObject = {
      Id: info.arn,
      Input: JSON.parse(info.input) as Json,
      StartTime: new Date(info.startTime).toISOString(),
      Name: info.name,
      RoleArn: info.roleArn,
      RedriveCount: redriveCount,
    }
    if (redriveTime !== undefined) execution.RedriveTime = new Date(redriveTime).toISOString()
    const state: JsonObject = { Name: this.state.name, EnteredTime: new Date(this.enteredTime).toISOString() }
    if (this.state.type === 'Task' || this.state.type === 'Parallel' || this.state.type === 'Map')
      state.RetryCount = this.retryCount
    const context: JsonObject = {
      Execution: execution,
      StateMachine: { Id: info.stateMachineArn, Name: info.stateMachineName },
      State: state,
    }
    if (this.token !== undefined) context.Task = { Token: this.token }
    const item = this.thread.item ?? info.item
    if (item) context.Map = { Item: { Index: item.Index, Value: item.Value } }
    this.#context = context
    return context
  }

  /** The context object is made anew: the retry count or the token changed. */
  renewContext(): void {
    this.#context = undefined
  }

  /** Puts another context object in its place. */
  replaceContext(context: JsonObject): void {
    this.#context = context
  }

  /** A scope of the state's language; in JSONPath `input` is `$`, in JSONata it is a member of `$states` beside `more`. */
  scope(input: Json = this.input, more?: Record<string, unknown>): Scope {
    if (this.state.language === 'JSONPath') return { input, context: this.context, variables: this.thread.variables }
    const states: Record<string, unknown> = { input: this.input, ...more }
    Object.defineProperty(states, 'context', { enumerable: true, get: () => this.context() })
    const { clock } = this.execution.ports
    const now = clock === realClock ? undefined : () => clock.now()
    return { input, context: this.context, variables: this.thread.variables, states, now }
  }

  /** The input after InputPath (JSONata has none). */
  effectiveInput(): Json {
    const { inputPath } = this.state
    const input = inputPath === undefined ? this.input : inputPath === null ? {} : readFrom(inputPath, this.scope())
    if (this.inspect && this.state.language === 'JSONPath') this.inspect('afterInputPath', input)
    return input
  }

  /** Parameters or Arguments, or without them the effective input. */
  payload(): Json | Promise<Json> {
    const { arguments: template, language } = this.state
    if (language === 'JSONata' && !template) return this.input
    const input = this.effectiveInput()
    const payload = template ? template.fill(this.scope(input)) : input
    if (!this.inspect) return payload
    const stage = language === 'JSONata' ? 'afterArguments' : 'afterParameters'
    if (payload instanceof Promise)
      return payload.then((value) => {
        this.inspect?.(stage, value)
        return value
      })
    this.inspect(stage, payload)
    return payload
  }

  /** The output of a state without a result of its own: InputPath and OutputPath, or Output. */
  async passThrough(): Promise<{ output: Json; assigned: JsonObject | undefined }> {
    return this.finish(this.effectiveInput())
  }

  /**
   * From a result to the state's output and variables: ResultSelector, ResultPath and OutputPath, or Output; and Assign,
   * which sees the variables as they were.
   */
  finish(
    result: Json,
    source: { output?: Template; assign?: Template } = this.state as { output?: Template; assign?: Template },
    more: Record<string, unknown> = {},
  ): { output: Json; assigned: JsonObject | undefined } | Promise<{ output: Json; assigned: JsonObject | undefined }> {
    const jsonata = this.state.language === 'JSONata'
    if (jsonata && !source.output && !source.assign) return { output: this.checked(result), assigned: undefined }
    if (!jsonata) {
      const scope = this.scope(result)
      const assigned = source.assign?.fill(scope) as JsonObject | undefined
      const selected = this.state.resultSelector ? (this.state.resultSelector.fill(scope) as Json) : result
      const placed = this.placed(this.state.resultPath, selected)
      if (this.inspect && this.state.type !== 'Choice' && this.state.type !== 'Succeed') {
        this.inspect('afterResultSelector', selected)
        this.inspect('afterResultPath', placed)
      }
      return { output: this.checked(this.#outputPath(placed)), assigned }
    }
    return this.#finishJsonata(result, source, more)
  }

  async #finishJsonata(
    result: Json,
    source: { output?: Template; assign?: Template },
    more: Record<string, unknown>,
  ): Promise<{ output: Json; assigned: JsonObject | undefined }> {
    const scope = this.scope(this.input, more)
    const assigned = (await source.assign?.fill(scope)) as JsonObject | undefined
    const output = source.output ? await source.output.fill(scope) : result
    return { output: this.checked(output), assigned }
  }

  #outputPath(output: Json): Json {
    const { outputPath } = this.state
    if (outputPath === undefined) return output
    if (outputPath === null) return {}
    return readFrom(outputPath, this.scope(output))
  }

  /** ResultPath: the result in place of the input, within it, or not at all. */
  placed(path: JsonPath | null | undefined, result: Json): Json {
    if (path === undefined || path?.steps.length === 0) return result
    if (path === null) return this.input
    try {
      return writePath(path, this.input, result)
    } catch (error) {
      if (!(error instanceof PathNotFound)) throw error
      throw new StatesError(
        'States.ResultPathMatchFailure',
        `Unable to apply ReferencePath ${path.text} to input ${textOf(this.input)}`,
      )
    }
  }

  /** @throws LimitFailure for an output that is too long to be handed on */
  checked(output: Json): Json {
    if (exceedsPayload(textOf(output))) throw tooLarge(this.state.name)
    return output
  }
}

/** The failure of a result beyond the payload quota; `what` is a state, a service or a function. */
export function tooLarge(what: string): LimitFailure {
  return new LimitFailure(
    'States.DataLimitExceeded',
    `The state/task '${what}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  )
}
