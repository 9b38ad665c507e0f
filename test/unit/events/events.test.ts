import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import { createEvents } from '../../../local/services/events/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const call = (operation: string, input: object = {}) => cloud.as('events', operation, input)
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:complete-job'
const machineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:Batch'
const roleArn = 'arn:aws:iam::000000000000:role/StartBatch'
const emr = () => cloud.servicePrincipal('elasticmapreduce.amazonaws.com')
const put = (detail: object, principal = emr(), Source = 'aws.emr') =>
  cloud.call(principal, 'events', 'PutEvents', {
    Entries: [{ Source, DetailType: 'EMR Step Status Change', Detail: JSON.stringify(detail), Resources: ['r'] }],
  })
const rule = (targets: object[], EventPattern: object = { source: ['aws.emr'] }) =>
  cloud.deploy('AWS::Events::Rule', 'OnStep', { Name: 'on-step', EventPattern, Targets: targets })
const received = (service: string) => cloud.calls.filter((one) => one.service === service)
const payload = (index = 0) => JSON.parse(received('lambda')[index]!.input.Payload)

beforeEach(() => {
  cloud = testCloud()
  cloud.add(createEvents(cloud))
  cloud.fake('lambda', { Invoke: () => ({ StatusCode: 202 }) })
  cloud.fake('states', { StartExecution: () => ({ executionArn: 'e' }) })
  cloud.fake('sns', { Publish: () => ({ MessageId: 'm' }) })
  cloud.fake('logs', { CreateLogStream: () => ({}), PutLogEvents: () => ({}) })
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.dispose()
})

describe('an event', () => {
  it('goes to the function of a rule that matches, as the service, in its envelope', async () => {
    const { attributes } = await rule([{ Id: 'one', Arn: functionArn }])

    const output = await put({ state: 'COMPLETED' })

    expect(output).toMatchObject({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] })
    expect(received('lambda')).toMatchObject([
      {
        principal: { service: 'events.amazonaws.com', sourceArn: attributes!.Arn },
        input: { FunctionName: functionArn, InvocationType: 'Event' },
      },
    ])
    expect(payload()).toEqual({
      version: '0',
      id: output.Entries[0].EventId,
      'detail-type': 'EMR Step Status Change',
      source: 'aws.emr',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'us-east-1',
      resources: ['r'],
      detail: { state: 'COMPLETED' },
    })
  })

  it('that did not reach its target before the process ended reaches it after the next start, once', async () => {
    await rule([{ Id: 'one', Arn: functionArn }])
    cloud.fake('lambda', { Invoke: () => new Promise(() => {}) })
    await put({ state: 'COMPLETED' })
    await expect.poll(() => received('lambda')).toHaveLength(1)
    const { id } = payload()

    const begin = async () => {
      cloud = cloud.restart()
      cloud.fake('lambda', { Invoke: () => ({ StatusCode: 202 }) })
      const events = cloud.add(createEvents(cloud))
      await events.start?.()
      await events.drain?.()
      return received('lambda')
    }
    expect(await begin()).toHaveLength(1)
    expect(payload()).toMatchObject({ id, detail: { state: 'COMPLETED' } })
    expect(await begin()).toEqual([])
  })

  it('is waited for by whoever drains the service', async () => {
    await rule([{ Id: 'one', Arn: functionArn }])
    const answer = Promise.withResolvers<object>()
    const events = cloud.add(createEvents(cloud))
    cloud.fake('lambda', { Invoke: () => answer.promise })
    await put({ state: 'COMPLETED' })
    let drained = false
    const draining = events.drain!().then((busy) => {
      drained = true
      return busy
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(drained).toBe(false)
    answer.resolve({ StatusCode: 202 })
    expect(await draining).toBe(true)
    expect(await events.drain!()).toBe(false)
  })

  it('goes nowhere when no rule matches, or the rule is disabled', async () => {
    await rule([{ Id: 'one', Arn: functionArn }], { detail: { state: ['FAILED'] } })
    await put({ state: 'COMPLETED' })
    await call('DisableRule', { Name: 'on-step' })
    await put({ state: 'FAILED' })
    expect(received('lambda')).toEqual([])

    await call('EnableRule', { Name: 'on-step' })
    await put({ state: 'FAILED' })

    expect(received('lambda')).toHaveLength(1)
  })

  it('starts executions as the role of the target, publishes and logs', async () => {
    await rule([
      { Id: 'start', Arn: machineArn, RoleArn: roleArn, Input: '{"quarters":[]}' },
      { Id: 'tell', Arn: 'arn:aws:sns:us-east-1:000000000000:t', InputPath: '$.detail.state' },
      { Id: 'log', Arn: 'arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/all:*' },
    ])

    await put({ state: 'FAILED' })
    await vi.waitFor(() => expect(received('logs')).toHaveLength(2), { timeout: 20_000 })

    expect(received('states')).toMatchObject([
      { principal: { roleArn }, input: { stateMachineArn: machineArn, input: '{"quarters":[]}' } },
    ])
    expect(received('sns')).toMatchObject([{ input: { Message: 'FAILED' } }])
    expect(received('logs')[1]!.input).toMatchObject({ logGroupName: '/aws/events/all' })
  })

  it('is shaped by a transformer', async () => {
    const InputTransformer = {
      InputPathsMap: {
        state: '$.detail.state',
        size: '$.detail.size',
        all: '$.detail',
        first: '$.resources[0]',
        no: '$.detail.no',
      },
      InputTemplate:
        '{"text": "<state> of \\"<first>\\": <all>", "size": <size>, "state": <state>, "no": <no>, "rule": <aws.events.rule-name>, "keep": "<other>"}',
    }
    await rule([{ Id: 'one', Arn: functionArn, InputTransformer }])

    await put({ state: 'DONE', size: 3 })

    expect(payload()).toEqual({
      text: 'DONE of "r": {"state":"DONE","size":3}',
      size: 3,
      state: 'DONE',
      no: '',
      rule: 'on-step',
      keep: '<other>',
    })
  })

  it('of a source of AWS comes from services only', async () => {
    await rule([{ Id: 'one', Arn: functionArn }])

    const output = await put({}, cloud.admin)

    expect(output).toEqual({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' }],
    })
    expect(received('lambda')).toEqual([])
  })

  it('that is none is refused entry by entry', async () => {
    const Entries = [
      { Source: 's', DetailType: 'd', Detail: '{}' },
      { Source: 's', DetailType: 'd', Detail: '[1]' },
      { Source: 's', Detail: '{}' },
      { Source: 's', DetailType: 'd', Detail: '{}', EventBusName: 'other' },
    ]

    const output = await call('PutEvents', { Entries })

    expect(output.Entries.map((entry: any) => entry.ErrorCode)).toEqual([
      undefined,
      'MalformedDetail',
      'InvalidArgument',
      'ResourceNotFoundException',
    ])
    expect((await failure(() => call('PutEvents', { Entries: [] }))).name).toBe('ValidationException')
  })

  it('that a target has no permission for is kept as a failure at once', async () => {
    cloud.fake('lambda', {
      Invoke: () => {
        throw new AwsError('AccessDeniedException', 'not allowed')
      },
    })
    await rule([{ Id: 'one', Arn: functionArn, DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:000000000000:dead' } }])

    await put({ state: 'FAILED' })
    await vi.waitFor(() => expect(cloud.lines).toHaveLength(1), { timeout: 20_000 })

    const kept = JSON.parse(readFileSync(join(cloud.dataDir, 'events/failed.jsonl'), 'utf8'))
    expect(kept).toMatchObject({
      target: functionArn,
      error: 'AccessDeniedException',
      event: { detail: { state: 'FAILED' } },
    })
    expect(cloud.lines[0]!.message).toBe(`EventBridge rule on-step could not deliver to ${functionArn}: not allowed`)
  })

  it('is tried again while the target is throttled, as often as the policy says', async () => {
    vi.useFakeTimers()
    let attempts = 0
    cloud.fake('lambda', {
      Invoke: () => {
        attempts++
        throw new AwsError('TooManyRequestsException', 'Rate Exceeded.')
      },
    })
    await rule([{ Id: 'one', Arn: functionArn, RetryPolicy: { MaximumRetryAttempts: 2 } }])

    await put({})
    await vi.advanceTimersByTimeAsync(60_000)

    expect(attempts).toBe(3)
    expect(cloud.lines).toHaveLength(1)
  })
})

describe('a rule', () => {
  it('of the template is listed with its targets, follows changes, and leaves', async () => {
    await rule([
      { Id: 'a', Arn: functionArn },
      { Id: 'b', Arn: functionArn },
    ])
    await rule([{ Id: 'b', Arn: functionArn, Input: '{}' }])

    expect((await call('ListRules')).Rules).toMatchObject([
      { Name: 'on-step', State: 'ENABLED', EventPattern: '{"source":["aws.emr"]}' },
    ])
    expect((await call('ListTargetsByRule', { Rule: 'on-step' })).Targets).toEqual([
      { Id: 'b', Arn: functionArn, Input: '{}' },
    ])
    expect((await call('ListRuleNamesByTarget', { TargetArn: functionArn })).RuleNames).toEqual(['on-step'])
    await cloud.undeploy('OnStep')
    expect((await failure(() => call('DescribeRule', { Name: 'on-step' }))).message).toBe(
      'Rule on-step does not exist on EventBus default.',
    )
  })

  it('is deleted only without targets', async () => {
    await rule([{ Id: 'a', Arn: functionArn }])

    expect((await failure(() => call('DeleteRule', { Name: 'on-step' }))).message).toBe(
      "Rule can't be deleted since it has targets.",
    )
    await call('RemoveTargets', { Rule: 'on-step', Ids: ['a'] })
    await call('DeleteRule', { Name: 'on-step' })
    expect((await call('ListRules')).Rules).toEqual([])
  })

  it('with a pattern or schedule that is none is refused', async () => {
    const names = async (input: object) => (await failure(() => call('PutRule', { Name: 'r', ...input }))).name

    expect(await names({})).toBe('ValidationException')
    expect(await names({ EventPattern: '{}' })).toBe('InvalidEventPatternException')
    expect(await names({ ScheduleExpression: 'rate(5 seconds)' })).toBe('ValidationException')
    expect(await names({ ScheduleExpression: 'at(2026-01-01T00:00:00)' })).toBe('ValidationException')
    expect(await names({ Name: 'a b', EventPattern: '{"a":[1]}' })).toBe('ValidationException')
  })

  it('with a schedule fires for its own targets, once the cloud has started', async () => {
    vi.useFakeTimers({ now: new Date('2026-01-01T00:00:10Z') })
    const house = cloud.add(createEvents(cloud))
    const { attributes } = await cloud.deploy('AWS::Events::Rule', 'Reconcile', {
      Name: 'reconcile',
      ScheduleExpression: 'rate(5 minutes)',
      Targets: [{ Id: 'one', Arn: functionArn }],
    })
    await vi.advanceTimersByTimeAsync(6 * 60_000)
    expect(received('lambda')).toEqual([])

    house.start?.()
    await vi.advanceTimersByTimeAsync(5 * 60_000)
    await call('DisableRule', { Name: 'reconcile' })
    await vi.advanceTimersByTimeAsync(60 * 60_000)

    expect(received('lambda')).toHaveLength(1)
    expect(payload()).toMatchObject({
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      time: '2026-01-01T00:10:10Z',
      resources: [attributes!.Arn],
      detail: {},
    })
  })

  it('tests patterns', async () => {
    const Event = JSON.stringify({ source: 'a' })

    expect(await call('TestEventPattern', { EventPattern: '{"source":["a"]}', Event })).toEqual({ Result: true })
    expect(await call('TestEventPattern', { EventPattern: '{"source":["b"]}', Event })).toEqual({ Result: false })
  })
})

describe('permissions', () => {
  it('are asked for the bus, the rule, and the roles that are passed', async () => {
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource }) => asked.push(`${action} ${resource}`) > 0
    const role = cloud.role('R')

    await put({}, role, 'mine')
    await cloud.call(role, 'events', 'PutRule', { Name: 'r', EventPattern: '{"source":["a"]}' })
    await cloud.call(role, 'events', 'PutTargets', {
      Rule: 'r',
      Targets: [{ Id: 'a', Arn: machineArn, RoleArn: roleArn }],
    })

    const arn = 'arn:aws:events:us-east-1:000000000000'
    expect(asked).toEqual([
      `events:PutEvents ${arn}:event-bus/default`,
      `events:PutRule ${arn}:rule/r`,
      `events:PutTargets ${arn}:rule/r`,
      `iam:PassRole ${roleArn}`,
    ])
  })
})
