/** Runs one recorded case against a Step Functions service and compares what it answers with what AWS answered. */
import type { RecordedCase } from './case.ts'
import { firstDifference, type Known, parseStrings } from './compare.ts'

/** How operations are called: the SDK's input and output shapes. Errors have the error's code as their name. */
export interface Target {
  readonly account: string
  readonly region: string
  readonly roleArn: string
  call(operation: string, input: any): Promise<any>
  /** Makes the functions of a case available; called before it runs. */
  lambdas(functions: { name: string; behaviour: string }[]): Promise<void>
}

export interface CaseResult {
  readonly case: string
  readonly tier: string
  readonly suite: string
  readonly exact: boolean
  /** For histories: the same event types in the same order. */
  readonly sameEventTypes: boolean
  readonly difference: string | undefined
  readonly milliseconds: number
}

const recordedAccount = '111111111111'
const maxWait = 75_000
let runs = 0

export async function runCase(testCase: RecordedCase, target: Target): Promise<CaseResult> {
  const started = performance.now()
  let difference: string | undefined
  let sameEventTypes = true
  try {
    const run = new CaseRun(testCase, target, ++runs)
    await target.lambdas(testCase.lambdas ?? [])
    difference = await run.run()
    sameEventTypes = difference === undefined || run.sameEventTypes
  } catch (error) {
    difference = `${(error as Error).name}: ${(error as Error).message}`
    sameEventTypes = false
  }
  const { file, tier, suite } = testCase
  const milliseconds = Math.round(performance.now() - started)
  return { case: file, tier, suite, exact: difference === undefined, sameEventTypes, difference, milliseconds }
}

class CaseRun {
  readonly #case: RecordedCase
  readonly #target: Target
  readonly #suffix: string
  /** Answers by call; `«r0.x»` in a case points at them. */
  readonly #answers = new Map<string, any>()
  sameEventTypes = true

  constructor(testCase: RecordedCase, target: Target, number: number) {
    this.#case = testCase
    this.#target = target
    this.#suffix = `${Date.now().toString(36)}-${number}`
  }

  run(): Promise<string | undefined> {
    switch (this.#case.kind) {
      case 'history':
      case 'output':
      case 'sync':
        return this.#execution()
      case 'test_state':
        return this.#testState()
      case 'api':
        return this.#api()
      default:
        throw new Error(`Cases of the kind '${this.#case.kind as string}' are not known.`)
    }
  }

  /** Resolves `«r0.smname»` and makes accounts and roles ours. */
  #fill(value: any): any {
    if (typeof value === 'string') {
      const filled = value
        .replace(/«(\w+)\.(\w+)»/g, (_, call: string, member: string) => this.#lookup(call, member))
        .replace(/<stepfunctions_state_machine_arn:(\w+),(\d+),([\w-]+)>/g, 'arn:aws:states:$3:$2:stateMachine:$1')
        .replace(/<stepfunctions_standard_execution_arn:(\S+?):stateMachine:(\w+),(\w+)>/g, '$1:execution:$2:$3')
        .replaceAll(recordedAccount, this.#target.account)
      return filled === 'snf_role_arn' || filled === 'sfn_role_arn' ? this.#target.roleArn : filled
    }
    if (Array.isArray(value)) return value.map((item) => this.#fill(item))
    if (typeof value !== 'object' || value === null) return value
    if (Object.keys(value).length === 1 && '$resp' in value) return this.#answers.get(String(value.$resp))
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.#fill(member)]))
  }

  #lookup(call: string, member: string): string {
    const answer = this.#answers.get(call.replace(/^r(?=\d)/, '')) ?? {}
    if (member === 'smname') {
      const arn: string = answer.stateMachineArn ?? answer.executionArn ?? answer.activityArn ?? ''
      return arn.split(':')[6] ?? ''
    }
    if (member === 'execname') return (answer.executionArn ?? '').split(':').slice(7).join(':')
    return String(answer[member] ?? '')
  }

  #known(): Known {
    const texts: [string, string][] = []
    for (const [pattern] of this.#case.regex_replacements ?? [])
      for (const [text, call, member] of String(pattern).matchAll(/«(\w+)\.(\w+)»/g)) {
        const value = this.#lookup(call!, member!)
        if (value) texts.push([value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), text])
      }
    const role = this.#target.roleArn
    texts.push([role.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'snf_role_arn'])
    return { account: this.#target.account, region: this.#target.region, texts }
  }

  async #execution(): Promise<string | undefined> {
    const { type = 'STANDARD' } = this.#case
    const raw = unescaped(this.#case.definition_raw ?? JSON.stringify(this.#case.definition))
    const rawInput = unescaped(this.#case.input_raw ?? JSON.stringify(this.#case.input ?? {}))
    await this.#prepare(raw + rawInput)
    const create = `${[...this.#answers.keys()].length}`
    const machine = await this.#target.call('CreateStateMachine', {
      name: `machine_${this.#suffix}`,
      definition: this.#fill(raw),
      roleArn: this.#target.roleArn,
      type,
    })
    this.#answers.set(create, machine)
    // The recordings leave out the role of another account: it is ours.
    const input = this.#fill(rawInput).replace(/("CredentialsRoleArn":\s*)\{\}/, `$1"${this.#target.roleArn}"`)
    const start = { stateMachineArn: machine.stateMachineArn, input }
    if (this.#case.kind === 'sync') {
      const answer = await this.#target.call('StartSyncExecution', start)
      const arn: string[] = answer.executionArn.split(':')
      this.#answers.set('1', { ...answer, executionArn: [...arn.slice(0, 5), 'express', arn[7], arn[8]].join(':') })
      return firstDifference(this.#case, this.#case.expected_sync, plain(answer), this.#known())
    }
    if (
      this.#case.expected_history?.some?.((event: any) =>
        /activity .* does not exist/.test(event.executionFailedEventDetails?.cause ?? ''),
      )
    )
      await this.#target.call('DeleteActivity', { activityArn: this.#answers.get('0').activityArn })
    const execution = await this.#target.call('StartExecution', start)
    this.#answers.set(String(Number(create) + 1), execution)
    const { executionArn } = execution
    const worker = this.#work(executionArn)
    if (this.#case.lifecycle?.includes('StopExecution')) {
      await sleep(200)
      await this.#target.call('StopExecution', { executionArn })
    }
    const last = lastType(this.#case.expected_history)
    const described = await this.#wait(executionArn, last)
    await worker
    if (this.#case.kind === 'output')
      return firstDifference(this.#case, this.#expectedOutput(), this.#actualOutput(described), this.#known())
    const reverse = Array.isArray(this.#case.expected_history) && this.#case.expected_history[0].id > 1
    const history = await this.#history(executionArn, reverse)
    if (!/^Execution/.test(last)) await this.#target.call('StopExecution', { executionArn })
    const expected = this.#case.expected_history
    const difference = firstDifference(this.#case, expected, history, this.#known())
    const types = (events: any[]) => events.map((event) => event.type).join()
    if (!this.#case.parallel_unordered) this.sameEventTypes = types(expected) === types(history)
    if (difference === undefined && this.#case.expected_describe)
      return firstDifference(this.#case, this.#case.expected_describe, plain(described), this.#known())
    return difference
  }

  #expectedOutput(): any {
    return this.#case.expected_output
  }

  /** A case expects the output alone, or the whole description. */
  #actualOutput(described: any): any {
    const expected = parseStrings(this.#case.expected_output)
    if (expected && typeof expected === 'object' && 'executionArn' in expected) return plain(described)
    return described.output ?? { error: described.error, cause: described.cause }
  }

  /** Makes what a case takes for granted: the machine that it starts, the activity that it uses. */
  async #prepare(texts: string): Promise<void> {
    if (texts.includes('«r0.activityArn»'))
      this.#answers.set('0', await this.#target.call('CreateActivity', { name: `activity-${this.#suffix}` }))
    else if (texts.includes('«r0.smname»')) {
      const result = { Arg1: 'argument1' }
      const target = { StartAt: 'State_1', States: { State_1: { Type: 'Pass', Result: result, End: true } } }
      const answer = await this.#target.call('CreateStateMachine', {
        name: `target_${this.#suffix}`,
        definition: JSON.stringify(target),
        roleArn: this.#target.roleArn,
      })
      this.#answers.set('0', answer)
    }
  }

  /** Plays the worker of an activity as the recording shows it: it hands back its input, or fails. */
  async #work(executionArn: string): Promise<void> {
    const activityArn = this.#answers.get('0')?.activityArn
    const events: any[] = Array.isArray(this.#case.expected_history) ? this.#case.expected_history : []
    const started = events.find((event) => event.type === 'ActivityStarted')
    if (!activityArn || !started) return
    void executionArn
    const { workerName } = started.activityStartedEventDetails ?? {}
    const task = await this.#target.call('GetActivityTask', { activityArn, ...(workerName && { workerName }) })
    const failed = events.find((event) => event.type === 'ActivityFailed')?.activityFailedEventDetails
    if (failed)
      await this.#target.call('SendTaskFailure', { taskToken: task.taskToken, error: failed.error, cause: task.input })
    else await this.#target.call('SendTaskSuccess', { taskToken: task.taskToken, output: task.input })
  }

  /** Waits for the end, or for the event with which the recording stops. */
  async #wait(executionArn: string, last: string): Promise<any> {
    const until = Date.now() + maxWait
    for (let pause = 2; ; pause = Math.min(pause * 2, 250)) {
      const described = await this.#target.call('DescribeExecution', { executionArn })
      if (described.status !== 'RUNNING' || Date.now() > until) return described
      if (!/^Execution/.test(last) && (await this.#history(executionArn)).some((event) => event.type === last))
        return described
      await sleep(pause)
    }
  }

  async #history(executionArn: string, reverseOrder = false): Promise<any[]> {
    const events: any[] = []
    let nextToken: string | undefined
    do {
      const page = await this.#target.call('GetExecutionHistory', {
        executionArn,
        maxResults: 1000,
        ...(reverseOrder && { reverseOrder }),
        ...(nextToken && { nextToken }),
      })
      events.push(...page.events)
      nextToken = page.nextToken
    } while (nextToken)
    return events
  }

  async #testState(): Promise<string | undefined> {
    const answer = await this.#target.call('TestState', this.#fill(this.#case.params))
    return firstDifference(this.#case, this.#case.expected, plain(answer), this.#known())
  }

  async #api(): Promise<string | undefined> {
    const errors = new Map<number, any>()
    for (const { id, op, params } of this.#case.calls!) {
      try {
        const answer = await this.#target.call(op, this.#fill(params))
        this.#answers.set(String(id), { ...plain(answer), ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: 200 } })
        if (op === 'StartExecution') await this.#wait(answer.executionArn, 'Execution')
      } catch (error) {
        const { name: code, message, fields } = error as Error & { fields?: object }
        errors.set(id, error)
        this.#answers.set(`exc${id}`, {
          ...fields,
          Error: { Code: code, Message: message },
          message,
          ResponseMetadata: { HTTPHeaders: {}, HTTPStatusCode: 400 },
          typename: code,
          value: `An error occurred (${code}) when calling the ${op} operation: ${message}`,
        })
      }
    }
    for (const match of this.#case.matches!) {
      const value = this.#fill(match.value)
      if (value === undefined)
        return `${match.key}: call ${match.after_call} ended otherwise: ${errors.get(match.after_call)?.message ?? 'it succeeded'}`
      const { typename, value: shown, ...rest } = typeof value === 'object' && value.Error ? value : { ...value }
      void typename
      void shown
      const actual = typeof value === 'string' ? value : rest
      const difference = firstDifference(this.#case, match.expected, actual, this.#known())
      if (difference) return `${match.key} ${difference}`
    }
    return undefined
  }
}

/** Marks like `«r0.smname»` may be written with escapes. */
function unescaped(text: string): string {
  return text.replaceAll('\\u00ab', '«').replaceAll('\\u00bb', '»')
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, milliseconds))
}

/** An answer without what the SDK adds. */
function plain(answer: any): any {
  const { $metadata, ...rest } = answer
  void $metadata
  return rest
}

/** The type of a recorded history's latest event; a case that has none waits for the execution's end. */
function lastType(events: any): string {
  if (!Array.isArray(events)) return 'Execution'
  return (events[0].id > 1 ? events[0] : events.at(-1)).type
}
