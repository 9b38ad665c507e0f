/** Step Functions as a service, with what it calls around it: a function that a test sets, and a bus that remembers. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach } from 'vitest'
import type { Service } from '../../../../local/gateway/service.ts'
import { createStates } from '../../../../local/services/states/index.ts'
import { type TestCloud, testCloud } from '../../../support/cloud.ts'

/** Longer than anything takes on a busy machine. */
const PATIENCE_MS = 20_000

export const roleArn = 'arn:aws:iam::000000000000:role/machine'
export const pass = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', Result: { ok: true }, End: true } } })

/** A machine of one task that gives its input and its token to the function. */
export const invoke = (pattern = '') => ({
  QueryLanguage: 'JSONata',
  StartAt: 'Work',
  States: {
    Work: {
      Type: 'Task',
      Resource: `arn:aws:states:::lambda:invoke${pattern}`,
      Arguments: {
        FunctionName: 'work',
        Payload: {
          token: '{% $exists($states.context.Task.Token) ? $states.context.Task.Token : null %}',
          input: '{% $states.input %}',
        },
      },
      End: true,
    },
  },
})

/** What the tests of a file share; made anew for each test by `aServiceForEachTest`. */
export const world = {} as {
  cloud: TestCloud
  service: Service
  /** The entries that were put on the bus. */
  events: any[]
  /** What the function does with its payload. */
  lambda: (payload: any) => unknown
}

/** Puts the function and the bus around a cloud. */
export function surround(target: TestCloud): void {
  target.fake('lambda', {
    Invoke: async (input) => {
      const result = await world.lambda(JSON.parse(Buffer.from(input.Payload).toString()))
      return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: Buffer.from(JSON.stringify(result ?? null)) }
    },
  })
  target.fake('events', {
    PutEvents: (input) => {
      world.events.push(...input.Entries)
      return { FailedEntryCount: 0, Entries: [] }
    },
  })
}

export const call = <T = any>(operation: string, input: object = {}) => world.cloud.as<T>('states', operation, input)

/** Creates a state machine and gives its ARN. */
export async function create(definition: unknown, more: object = {}): Promise<string> {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition)
  const { stateMachineArn } = await call('CreateStateMachine', { name: 'Machine', definition: text, roleArn, ...more })
  return stateMachineArn
}

export async function until<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(5)) {
    const value = await look()
    if (holds(value)) return value
  }
  throw new Error(`It did not come to hold within ${PATIENCE_MS / 1000} s.`)
}

/** Waits for an execution to end, and describes it. */
export const ended = (executionArn: string) =>
  until(
    () => call('DescribeExecution', { executionArn }),
    (row: any) => row.status !== 'RUNNING',
  )

/** Gives every test of the file that calls this a service of its own. */
export function aServiceForEachTest(): void {
  beforeEach(() => {
    world.cloud = testCloud()
    world.events = []
    world.lambda = (payload) => payload
    world.service = world.cloud.add(createStates(world.cloud))
    surround(world.cloud)
  })

  afterEach(async () => {
    await world.cloud.dispose()
  })
}
