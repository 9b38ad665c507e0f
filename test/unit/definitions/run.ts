/**
 * Runs a definition on the real engine of Step Functions, in simulated time, with functions that the test plays: each is a small
 * function of its payload, and a long job ends as soon as it has started.
 */
import { readFileSync } from 'node:fs'
import { VirtualClock } from '../../../local/engines/states/clock.ts'
import { createStates } from '../../../local/services/states/index.ts'
import { testCloud } from '../../support/cloud.ts'

/** Gives the function's result, or for a long job what its state gets; a {@link Failed} fails it. */
export type Play = (payload: any) => unknown

/** A function that throws an error of this name. */
export class Failed {
  readonly error: string
  readonly message: string

  constructor(error: string, message = `${error} it is`) {
    this.error = error
    this.message = message
  }
}

export interface Run {
  status: string
  output?: any
  error?: string
  cause?: string
  /** Functions in the order in which they were called, with their payloads. */
  calls: { name: string; payload: any }[]
  /** States in the order in which they were entered. */
  entered: string[]
  /** The whole history. */
  events: any[]
}

export async function run(name: string, functions: Record<string, Play>, input: object = {}): Promise<Run> {
  const cloud = testCloud()
  const calls: Run['calls'] = []
  const states = cloud.add(createStates(cloud, { clock: new VirtualClock() }))
  cloud.fake('lambda', {
    Invoke: ({ FunctionName, Payload }) => {
      const payload = JSON.parse(Buffer.from(Payload).toString())
      calls.push({ name: FunctionName, payload })
      const play = functions[FunctionName]
      if (!play) throw new Error(`The test plays no function ${FunctionName}.`)
      const result = play(payload)
      if (result instanceof Failed) {
        const body = { errorType: result.error, errorMessage: result.message, trace: [] }
        return { StatusCode: 200, FunctionError: 'Unhandled', Payload: Buffer.from(JSON.stringify(body)) }
      }
      if (payload.token)
        void cloud.as('states', 'SendTaskSuccess', { taskToken: payload.token, output: JSON.stringify(result) })
      return { StatusCode: 200, Payload: Buffer.from(JSON.stringify(payload.token ? {} : result)) }
    },
  })
  try {
    const definition = readFileSync(new URL(`../../../definitions/${name}.asl.json`, import.meta.url), 'utf8')
    const { stateMachineArn } = await cloud.as('states', 'CreateStateMachine', {
      name,
      // Each function's ARN is its own name.
      definition: definition.replaceAll(/\$\{(\w+)\}/g, '$1'),
      roleArn: 'arn:aws:iam::000000000000:role/machine',
    })
    await states.start?.()
    const { executionArn } = await cloud.as('states', 'StartExecution', {
      stateMachineArn,
      name: 'run-1',
      input: JSON.stringify(input),
    })
    const described = await ended(() => cloud.as('states', 'DescribeExecution', { executionArn }))
    const events: any[] = []
    for (let nextToken: string | undefined, first = true; first || nextToken; first = false) {
      const page = await cloud.as('states', 'GetExecutionHistory', { executionArn, maxResults: 1000, nextToken })
      events.push(...page.events)
      nextToken = page.nextToken
    }
    const entered = events.flatMap((event: any) => event.stateEnteredEventDetails?.name ?? [])
    const { status, output, error, cause } = described
    return { status, output: output && JSON.parse(output), error, cause, calls, entered, events }
  } finally {
    await cloud.dispose()
  }
}

async function ended(describe: () => Promise<any>): Promise<any> {
  for (let turn = 0; turn < 2_000; turn++) {
    const described = await describe()
    if (described.status !== 'RUNNING') return described
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('The execution does not end.')
}
