import { describe, expect, it } from 'vitest'
import { failure } from '../../../support/cloud.ts'
import { aServiceForEachTest, call, create, ended, invoke, pass, roleArn, until, world } from './support.ts'

aServiceForEachTest()

describe('StartExecution', () => {
  it('runs a machine and tells EventBridge how it stands', async () => {
    // Prepare
    const stateMachineArn = await create(pass)

    // Act
    const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'one', input: '{"a": 1}' })
    const row = await ended(executionArn)
    await until(
      () => world.events,
      (list) => list.length === 2,
    )

    // Assess
    expect(row).toMatchObject({
      status: 'SUCCEEDED',
      input: '{"a": 1}',
      output: '{"ok":true}',
      name: 'one',
      redriveCount: 0,
    })
    expect(world.events.map((event) => JSON.parse(event.Detail).status)).toEqual(['RUNNING', 'SUCCEEDED'])
    expect(world.events[1]).toMatchObject({
      Source: 'aws.states',
      DetailType: 'Step Functions Execution Status Change',
      Resources: [executionArn],
    })
  })

  it('finds the running execution of the same name and input, and refuses others of that name', async () => {
    world.lambda = () => new Promise(() => {})
    const stateMachineArn = await create(invoke())
    const first = await call('StartExecution', { stateMachineArn, name: 'one', input: '{}' })
    const second = await call('StartExecution', { stateMachineArn, name: 'one', input: '{}' })
    const refused = await failure(() => call('StartExecution', { stateMachineArn, name: 'one', input: '{"b":1}' }))
    expect(second).toEqual(first)
    expect(refused).toMatchObject({
      name: 'ExecutionAlreadyExists',
      message: `Execution Already Exists: '${first.executionArn}'`,
    })
  })

  it('is counted, with how it ended and how long it took', async () => {
    world.cloud.fake('monitoring', { PutMetricData: () => ({}) })
    const stateMachineArn = await create(pass)
    await ended((await call('StartExecution', { stateMachineArn, name: 'one' })).executionArn)
    const counted = () =>
      world.cloud.calls
        .filter(({ service }) => service === 'monitoring')
        .flatMap(({ principal, input }) => {
          expect([principal.service, input.Namespace]).toEqual(['states.amazonaws.com', 'AWS/States'])
          return input.MetricData as any[]
        })
    const data = await until(counted, (list) => list.length === 6)
    expect(Object.fromEntries(data.map((datum) => [datum.MetricName, datum.StatisticValues.Sum]))).toEqual({
      ExecutionsStarted: 1,
      ExecutionsSucceeded: 1,
      ExecutionsFailed: 0,
      ExecutionsTimedOut: 0,
      ExecutionsAborted: 0,
      ExecutionTime: expect.any(Number),
    })
    for (const { Dimensions } of data) expect(Dimensions).toEqual([{ Name: 'StateMachineArn', Value: stateMachineArn }])
  })

  it('acts as the role of the machine', async () => {
    const stateMachineArn = await create(invoke())
    await ended((await call('StartExecution', { stateMachineArn, name: 'one' })).executionArn)
    const invoked = world.cloud.calls.find((entry) => entry.service === 'lambda')!
    expect(invoked.principal.roleArn).toBe(roleArn)
  })
})

describe('StopExecution', () => {
  it('aborts an execution', async () => {
    world.lambda = () => new Promise(() => {})
    const stateMachineArn = await create(invoke())
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    await call('StopExecution', { executionArn, error: 'Enough', cause: 'of it' })
    const { events: history } = await call('GetExecutionHistory', { executionArn, reverseOrder: true, maxResults: 1 })
    expect(await ended(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'of it' })
    expect(history[0]).toMatchObject({ type: 'ExecutionAborted', previousEventId: 0 })
  })
})

describe('Lists', () => {
  it('come in pages, the newest execution first, and by status', async () => {
    const stateMachineArn = await create(pass)
    for (const name of ['a', 'b', 'c']) {
      await ended((await call('StartExecution', { stateMachineArn, name })).executionArn)
      await new Promise((resume) => setTimeout(resume, 2))
    }
    const first = await call('ListExecutions', { stateMachineArn, maxResults: 2 })
    const second = await call('ListExecutions', { stateMachineArn, maxResults: 2, nextToken: first.nextToken })
    expect([...first.executions, ...second.executions].map((row: any) => row.name)).toEqual(['c', 'b', 'a'])
    expect(second.nextToken).toBeUndefined()
    expect((await call('ListExecutions', { stateMachineArn, statusFilter: 'FAILED' })).executions).toEqual([])
    expect((await failure(() => call('ListExecutions', { stateMachineArn, nextToken: 'x' }))).name).toBe('InvalidToken')
  })
})

describe('Express machines', () => {
  it('answer StartSyncExecution with their output', async () => {
    const stateMachineArn = await create(pass, { type: 'EXPRESS' })
    const answer = await call('StartSyncExecution', { stateMachineArn, input: '{}' })
    expect(answer).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"ok":true}',
      billingDetails: { billedMemoryUsedInMB: 64 },
    })
  })
})

describe('Logging', () => {
  it('sends the events of an execution to its log group, without data unless asked', async () => {
    const lines: any[] = []
    world.cloud.fake('logs', {
      CreateLogStream: () => ({}),
      PutLogEvents: ({ logGroupName, logEvents }) => {
        lines.push(...logEvents.map((event: any) => ({ logGroupName, ...JSON.parse(event.message) })))
        return {}
      },
    })
    const logGroupArn = 'arn:aws:logs:us-east-1:000000000000:log-group:machines:*'
    const stateMachineArn = await create(pass, {
      loggingConfiguration: { level: 'ALL', destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }] },
    })
    await ended((await call('StartExecution', { stateMachineArn })).executionArn)
    await until(
      () => lines,
      (list) => list.length === 4,
    )
    expect(lines[0]).toMatchObject({ logGroupName: 'machines', type: 'ExecutionStarted', details: { roleArn } })
    expect(lines[0].details.input).toBeUndefined()
  })
})
