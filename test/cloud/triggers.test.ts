/** The three ways to start a workflow, by the template's own schedule, API and state machine. The teardowns do it: they have nothing to do. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
  type ScheduleSummary,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler'
import { ListExecutionsCommand, ListStateMachinesCommand } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningStream, startStream } from '../support/stream.ts'

/** As the gateway reads it; it verifies no signature. */
const authorization =
  'AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/execute-api/aws4_request, SignedHeaders=host, Signature=0'

let stream: RunningStream
let scheduler: SchedulerClient
let machines: { name: string; arn: string; path: string }[]

beforeAll(async () => {
  stream = await startStream()
  scheduler = new SchedulerClient({
    endpoint: stream.cloud.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  })
  const { stateMachines = [] } = await stream.sfn.send(new ListStateMachinesCommand({}))
  machines = stateMachines.map(({ name = '', stateMachineArn = '' }) => ({
    name,
    arn: stateMachineArn,
    path: name
      .replace('Stepwell-', '')
      .replace(/(?<=.)([A-Z])/g, '-$1')
      .toLowerCase(),
  }))
})
afterAll(async () => {
  scheduler?.destroy()
  await stream?.close()
})

const teardown = () => machines.find(({ name }) => name === 'Stepwell-StreamTeardown')!
const executionsOf = async (stateMachineArn: string) =>
  (await stream.sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? []

async function call(method: string, path: string, headers: Record<string, string> = { authorization }) {
  const response = await fetch(`${stream.cloud.outputs.ExecutionsApiUrl}/${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: '{}',
  })
  return { status: response.status, body: (await response.json()) as { executionArn?: string; __type?: string } }
}

describe('the StartExecution API', () => {
  it('starts a new execution by POST, for whoever signs', async () => {
    const [one, two] = [await call('POST', teardown().path), await call('POST', teardown().path)]
    expect([one.status, two.status]).toEqual([200, 200])
    expect(one.body.executionArn).not.toBe(two.body.executionArn)
    expect((await call('POST', teardown().path, {})).status).toBe(403)
  })

  it('starts an execution once by PUT: later, its name is taken', async () => {
    const first = await call('PUT', `${teardown().path}/tonight`)
    expect(first.status).toBe(200)
    expect(first.body.executionArn).toMatch(/:Stepwell-StreamTeardown:tonight$/)
    await expect
      .poll(async () => (await executionsOf(teardown().arn)).find(({ name }) => name === 'tonight')?.status)
      .toBe('SUCCEEDED')
    const again = await call('PUT', `${teardown().path}/tonight`)
    expect([again.status, again.body.__type]).toEqual([400, expect.stringContaining('ExecutionAlreadyExists')])
  })

  it('has a path for every workflow', async () => {
    expect(machines.length).toBeGreaterThanOrEqual(5)
    // A body that is no object starts nothing, and a path that is none is forbidden.
    for (const { path } of machines) {
      const url = `${stream.cloud.outputs.ExecutionsApiUrl}/${path}`
      const headers = { authorization, 'content-type': 'application/json' }
      expect((await fetch(url, { method: 'POST', headers, body: '[]' })).status, path).toBe(400)
    }
    expect((await call('POST', 'nothing')).status).toBe(403)
  })
})

describe('the schedules', () => {
  const schedules = async () => {
    const { Schedules = [] } = await scheduler.send(new ListSchedulesCommand({}))
    return Schedules
  }
  const scheduleOf = async (arn: string) =>
    (await schedules()).find(({ Target }: ScheduleSummary) => Target?.Arn === arn)?.Name

  it('are one for each workflow, shipped disabled', async () => {
    for (const { name, arn } of machines) {
      const Name = await scheduleOf(arn)
      expect(Name, name).toBeDefined()
      expect((await scheduler.send(new GetScheduleCommand({ Name }))).State, name).toBe('DISABLED')
    }
  })

  it('start the workflow under their own role once they are enabled', async () => {
    const { arn } = teardown()
    const before = (await executionsOf(arn)).length
    const {
      $metadata: _,
      Arn,
      CreationDate,
      LastModificationDate,
      ...schedule
    } = await scheduler.send(new GetScheduleCommand({ Name: await scheduleOf(arn) }))
    const at = new Date(Date.now() + 2000).toISOString().slice(0, 19)
    await scheduler.send(
      new UpdateScheduleCommand({ ...schedule, ScheduleExpression: `at(${at})`, State: 'ENABLED' } as never),
    )
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(200))
      if ((await executionsOf(arn)).length > before) break
    expect(await executionsOf(arn)).toHaveLength(before + 1)
  })
})
