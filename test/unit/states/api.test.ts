import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createStates } from '../../../local/services/states/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

const roleArn = 'arn:aws:iam::000000000000:role/machine'
const pass = (value: number) =>
  JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', Result: value, End: true } } })

let cloud: TestCloud
const call = (operation: string, input: object = {}) => cloud.as('states', operation, input)
const create = (definition: string, more: object = {}) =>
  call('CreateStateMachine', { name: 'Machine', definition, roleArn, ...more })

beforeEach(() => {
  cloud = testCloud()
  cloud.add(createStates(cloud))
  cloud.fake('events', { PutEvents: () => ({ FailedEntryCount: 0, Entries: [] }) })
})

afterEach(async () => {
  await cloud.dispose()
})

describe('State machines', () => {
  it('are created once and refused when they differ', async () => {
    const first = await create(pass(1))
    expect((await create(pass(1))).stateMachineArn).toBe(first.stateMachineArn)
    expect((await failure(() => create(pass(2)))).name).toBe('StateMachineAlreadyExists')
    expect((await failure(() => create(pass(1), { name: 'a b' }))).message).toBe("Invalid Name: 'a b'")
  })

  it('are refused with all problems of their definition', async () => {
    const refused = await failure(() => create('{"StartAt":"X","States":{"A":{"Type":"Pass","Next":"B"}}}'))
    expect(refused.message).toBe(
      `Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next, MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at /StartAt, MISSING_END_STATE: Workflow has no terminal state'`,
    )
  })

  it('have versions, and aliases that lead to them', async () => {
    // Prepare
    const { stateMachineArn, stateMachineVersionArn: one } = await create(pass(1), { publish: true })
    const { stateMachineVersionArn: two } = await call('UpdateStateMachine', {
      stateMachineArn,
      definition: pass(2),
      publish: true,
    })
    const { stateMachineAliasArn } = await call('CreateStateMachineAlias', {
      name: 'live',
      routingConfiguration: [{ stateMachineVersionArn: one, weight: 100 }],
    })

    // Act
    const outputs: unknown[] = []
    for (const arn of [stateMachineArn, one, two, stateMachineAliasArn]) {
      const { executionArn } = await call('StartExecution', { stateMachineArn: arn })
      await new Promise((resume) => setTimeout(resume, 10))
      outputs.push(JSON.parse((await call('DescribeExecution', { executionArn })).output))
    }

    // Assess
    expect(outputs).toEqual([2, 1, 2, 1])
    expect((await call('ListExecutions', { stateMachineArn: stateMachineAliasArn })).executions).toHaveLength(1)
    expect((await failure(() => call('DeleteStateMachineVersion', { stateMachineVersionArn: one }))).name).toBe(
      'ConflictException',
    )
    const half = [{ stateMachineVersionArn: one, weight: 50 }]
    const refused = await failure(() =>
      call('UpdateStateMachineAlias', { stateMachineAliasArn, routingConfiguration: half }),
    )
    expect(refused.message).toContain('weights must equal 100')
  })
})

describe('An execution', () => {
  it('can be described after its machine was deleted', async () => {
    const { stateMachineArn } = await create(pass(1))
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    await new Promise((resume) => setTimeout(resume, 10))
    await call('DeleteStateMachine', { stateMachineArn })
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({ status: 'SUCCEEDED' })
    expect(await call('DescribeStateMachineForExecution', { executionArn })).toMatchObject({
      definition: pass(1),
      roleArn,
    })
  })
})

describe('RedriveExecution', () => {
  it('runs a failed execution again and counts it; one that succeeded is not redriven', async () => {
    const fail = JSON.stringify({ StartAt: 'F', States: { F: { Type: 'Fail', Error: 'No' } } })
    const { stateMachineArn } = await create(fail)
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    await new Promise((resume) => setTimeout(resume, 10))
    await call('RedriveExecution', { executionArn })
    await new Promise((resume) => setTimeout(resume, 10))
    expect(await call('DescribeExecution', { executionArn })).toMatchObject({
      status: 'FAILED',
      redriveCount: 1,
      redriveStatus: 'REDRIVABLE',
    })

    const good = await create(pass(1), { name: 'Good' })
    const started = await call('StartExecution', { stateMachineArn: good.stateMachineArn })
    await new Promise((resume) => setTimeout(resume, 10))
    const refused = await failure(() => call('RedriveExecution', { executionArn: started.executionArn }))
    expect(refused).toMatchObject({
      name: 'ExecutionNotRedrivable',
      message: 'Execution is SUCCEEDED and cannot be redriven',
    })
  })
})

describe('TestState', () => {
  const task = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: 'f', 'Payload.$': '$.p' },
    ResultPath: '$.r',
    End: true,
  }
  const test = (input: object) =>
    call('TestState', { definition: JSON.stringify(task), input: '{"p":1}', inspectionLevel: 'DEBUG', ...input })

  it('shows the values on the way of a mocked task', async () => {
    const { status, output, inspectionData } = await test({ mock: { result: '{"StatusCode":200}' } })
    expect({ status, output }).toEqual({ status: 'SUCCEEDED', output: '{"p":1,"r":{"StatusCode":200}}' })
    expect(JSON.parse(inspectionData.afterParameters)).toEqual({ FunctionName: 'f', Payload: 1 })
    expect(JSON.parse(inspectionData.result)).toEqual({ StatusCode: 200 })
  })

  it('refuses a mock that the API would not answer', async () => {
    const refused = await failure(() => test({ mock: { result: '{"StatusCode":"200"}' } }))
    expect(refused).toMatchObject({
      name: 'ValidationException',
      message: "Mock result schema validation error: Field 'StatusCode' must be a number",
    })
  })

  it('tells which retrier or catcher takes an error', async () => {
    const definition = JSON.stringify({
      ...task,
      Retry: [{ ErrorEquals: ['Busy'], IntervalSeconds: 2, MaxAttempts: 2 }],
      Catch: [{ ErrorEquals: ['Busy'], Next: 'X' }],
    })
    const mock = { errorOutput: { error: 'Busy', cause: 'now' } }
    const first = await test({ definition, mock, stateConfiguration: { retrierRetryCount: 1 } })
    const last = await test({ definition, mock, stateConfiguration: { retrierRetryCount: 2 } })
    expect(first).toMatchObject({
      status: 'RETRIABLE',
      inspectionData: { errorDetails: { retryIndex: 0, retryBackoffIntervalSeconds: 4 } },
    })
    expect(last).toMatchObject({
      status: 'CAUGHT_ERROR',
      nextState: 'X',
      inspectionData: { errorDetails: { catchIndex: 0 } },
    })
  })
})

describe('Permissions', () => {
  it('are asked for the resource that an operation names, and for passing the role', async () => {
    const asked: string[] = []
    cloud.decide = (_, { action, resource, context }) => {
      asked.push(`${action} ${resource} ${context?.['iam:PassedToService'] ?? ''}`.trim())
      return true
    }
    const someone = cloud.role('someone')
    await cloud.as('states', 'CreateStateMachine', { name: 'Machine', definition: pass(1), roleArn }, someone)
    const stateMachineArn = cloud.arn('states', 'stateMachine:Machine')
    await cloud.as('states', 'StartExecution', { stateMachineArn }, someone)
    expect(asked).toEqual([
      `states:CreateStateMachine ${stateMachineArn}`,
      `iam:PassRole ${roleArn} states.amazonaws.com`,
      `states:StartExecution ${stateMachineArn}`,
    ])
  })
})
