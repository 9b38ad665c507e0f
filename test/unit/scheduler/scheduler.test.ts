import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Service } from '../../../local/gateway/service.ts'
import { createScheduler } from '../../../local/services/scheduler/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let house: Service
const machineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:Batch'
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:reconcile-jobs'
const RoleArn = 'arn:aws:iam::000000000000:role/Schedule'
const FlexibleTimeWindow = { Mode: 'OFF' }
const call = (operation: string, input: object = {}) => cloud.as('scheduler', operation, input)
const create = (input: object) =>
  call('CreateSchedule', {
    Name: 's',
    ScheduleExpression: 'rate(5 minutes)',
    FlexibleTimeWindow,
    Target: { Arn: functionArn, RoleArn },
    ...input,
  })
const received = (service: string) => cloud.calls.filter((one) => one.service === service)
const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * 60_000)

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z') })
  cloud = testCloud()
  house = cloud.add(createScheduler(cloud))
  cloud.fake('lambda', { Invoke: () => ({ StatusCode: 202 }) })
  cloud.fake('states', { StartExecution: () => ({}) })
  house.start?.()
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.dispose()
})

describe('a schedule', () => {
  it('calls its function at each time, as its role', async () => {
    await create({ Target: { Arn: functionArn, RoleArn, Input: '{"at":"<aws.scheduler.scheduled-time>"}' } })

    await minutes(11)

    expect(received('lambda')).toMatchObject([
      { principal: { roleArn: RoleArn }, input: { FunctionName: functionArn } },
      {},
    ])
    expect(String(received('lambda')[1]!.input.Payload)).toBe('{"at":"2026-01-01T00:10:00Z"}')
  })

  it('starts executions in its time zone', async () => {
    await create({
      ScheduleExpression: 'cron(0 9 * * ? *)',
      ScheduleExpressionTimezone: 'Asia/Tokyo',
      Target: { Arn: machineArn, RoleArn, Input: '{"quarters":[]}' },
    })

    await minutes(1) // 09:00 in Tokyo is 00:00 UTC, which is just over
    expect(received('states')).toEqual([])
    await minutes(24 * 60)

    expect(received('states')).toMatchObject([{ input: { stateMachineArn: machineArn, input: '{"quarters":[]}' } }])
  })

  it('calls any operation through the universal target', async () => {
    cloud.fake('elasticmapreduce', { TerminateJobFlows: () => ({}) })
    const Arn = 'arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows'
    await create({ Target: { Arn, RoleArn, Input: '{"JobFlowIds":["j-1"]}' } })

    await minutes(5)

    expect(received('elasticmapreduce')).toMatchObject([
      { operation: 'TerminateJobFlows', input: { JobFlowIds: ['j-1'] } },
    ])
  })

  it('rests while it is disabled, before its start and after its end', async () => {
    await create({ State: 'DISABLED' })
    await create({
      Name: 'later',
      StartDate: new Date('2026-01-01T01:00:00Z'),
      EndDate: new Date('2026-01-01T01:06:00Z'),
    })

    await minutes(59)
    expect(received('lambda')).toEqual([])
    await minutes(60)

    expect(received('lambda')).toHaveLength(2) // 01:00 and 01:05
  })

  it('runs on after a restart, and takes updates at once', async () => {
    await create({})
    house.close?.()
    const next = cloud.restart()
    next.fake('lambda', { Invoke: () => ({}) })
    const again = next.add(createScheduler(next))
    again.start?.()

    await minutes(5)
    await next.as('scheduler', 'UpdateSchedule', {
      Name: 's',
      ScheduleExpression: 'rate(1 hour)',
      FlexibleTimeWindow,
      Target: { Arn: functionArn, RoleArn },
    })
    await minutes(54)
    const soFar = next.calls.filter((one) => one.service === 'lambda').length
    await minutes(1)
    again.close?.()

    expect(soFar).toBe(1)
    expect(next.calls.filter((one) => one.service === 'lambda')).toHaveLength(2)
  })

  it('of one time is gone after it, if it says so', async () => {
    await create({ ScheduleExpression: 'at(2026-01-01T00:01:00)', ActionAfterCompletion: 'DELETE' })

    await minutes(2)

    expect(received('lambda')).toHaveLength(1)
    expect((await failure(() => call('GetSchedule', { Name: 's' }))).message).toBe('Schedule s does not exist.')
  })

  it('whose role does not trust the scheduler is kept as a failure', async () => {
    cloud
      .collection('iam.roles')
      .put('Schedule', { trust: { Statement: [{ Principal: { Service: 'lambda.amazonaws.com' } }] } })
    await create({ Target: { Arn: functionArn, RoleArn, DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:0:dead' } } })

    await minutes(5)

    expect(cloud.lines).toMatchObject([{ level: 'error' }])
    const kept = JSON.parse(readFileSync(join(cloud.dataDir, 'scheduler/failed.jsonl'), 'utf8'))
    expect(kept).toMatchObject({ error: 'AccessDenied', target: functionArn })
  })

  it('is refused with an expression or target that is none, or a name twice', async () => {
    const names = async (input: object) => (await failure(() => create(input))).name

    expect(await names({ ScheduleExpression: 'rate(5 seconds)' })).toBe('ValidationException')
    expect(await names({ Target: { Arn: 'x', RoleArn } })).toBe('ValidationException')
    expect(await names({ GroupName: 'none' })).toBe('ResourceNotFoundException')
    await create({})
    expect(await names({})).toBe('ConflictException')
  })
})

describe('a schedule of the template', () => {
  const properties = {
    Name: 'batch',
    ScheduleExpression: 'rate(5 minutes)',
    FlexibleTimeWindow,
    State: 'DISABLED',
    Target: { Arn: machineArn, RoleArn, RetryPolicy: { MaximumRetryAttempts: 3 } },
  }

  it('is listed, and stays as someone set it until the template changes', async () => {
    const { attributes } = await cloud.deploy('AWS::Scheduler::Schedule', 'Batch', properties)
    await call('UpdateSchedule', { ...properties, State: 'ENABLED' })
    await cloud.deploy('AWS::Scheduler::Schedule', 'Batch', properties)
    expect((await call('ListSchedules', { NamePrefix: 'bat' })).Schedules).toMatchObject([
      { Name: 'batch', State: 'ENABLED', Arn: attributes!.Arn, Target: { Arn: machineArn } },
    ])

    await cloud.deploy('AWS::Scheduler::Schedule', 'Batch', { ...properties, Description: 'new' })

    expect(await call('GetSchedule', { Name: 'batch' })).toMatchObject({ State: 'DISABLED', Description: 'new' })
    await cloud.undeploy('Batch')
    expect((await call('ListSchedules')).Schedules).toEqual([])
  })

  it('lives in its group', async () => {
    await cloud.deploy('AWS::Scheduler::ScheduleGroup', 'Group', { Name: 'mine' })
    const { attributes } = await cloud.deploy('AWS::Scheduler::Schedule', 'Batch', { ...properties, GroupName: 'mine' })

    expect(attributes!.Arn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule/mine/batch')
    expect((await call('ListScheduleGroups')).ScheduleGroups.map((one: any) => one.Name)).toEqual(['default', 'mine'])
  })
})

describe('permissions', () => {
  it('are asked for the schedule and the role it passes', async () => {
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource }) => asked.push(`${action} ${resource}`) > 0

    await cloud.call(cloud.role('R'), 'scheduler', 'CreateSchedule', {
      Name: 's',
      ScheduleExpression: 'rate(5 minutes)',
      Target: { Arn: functionArn, RoleArn },
    })

    expect(asked).toEqual([
      'scheduler:CreateSchedule arn:aws:scheduler:us-east-1:000000000000:schedule/default/s',
      `iam:PassRole ${RoleArn}`,
    ])
  })
})
