/**
 * Every grant of the stream workflow's roles is taken away once, in the order in which a run needs them: what needs it must be denied, and say so.
 * Functions are called as the workflow calls them. What nothing on one machine asks for is listed with its reason in
 * test/support/not-exercised.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { streamNames } from '../../cli/stream/names.ts'
import { UserGenerator } from '../../data/users/generator.ts'
import { produce } from '../../data/users/producer.ts'
import { grantsOf, without } from '../support/grants.ts'
import { notExercisedByStream } from '../support/not-exercised.ts'
import { type RunningStream, startStream } from '../support/stream.ts'
import { type StreamFunctions, streamFunctions } from '../support/stream-functions.ts'
import { until } from '../support/until.ts'

const names = streamNames()
const run = (name: string) => ({
  Id: `arn:aws:states:us-east-1:000000000000:execution:Stepwell-Stream:${name}`,
  Name: name,
  StartTime: new Date().toISOString(),
})
const execution = run('permissions')

let stream: RunningStream
let functions: StreamFunctions
beforeAll(async () => {
  stream = await startStream()
  functions = streamFunctions(stream)
})
afterAll(() => stream.close())

/** Without each of its grants the function fails, and with all of them it does its work. */
async function step(state: string, payload: object, actions?: readonly string[]): Promise<any> {
  expect(await functions.needless(state, payload, actions)).toEqual([])
  const { result, error } = await functions.call(state, payload)
  expect(error).toBeUndefined()
  return result
}

const described = async () => (await functions.call('StreamDescribeResources', {})).result
const send = (records: number) =>
  produce({
    kinesis: stream.clients.kinesis,
    streamName: names.stream,
    source: new UserGenerator({ seed: 5, bad: 0.1 }),
    rate: 2000,
    records,
  })

describe('a grant of the stream workflow that is taken away is missed', () => {
  it('by the functions that set the stream up', async () => {
    await step('StreamCreateStream', { execution })
    await until(async () => (await described()).stream === 'ACTIVE')
    await send(50)
    expect(await step('StreamDiscoverSchema', { execution })).toMatchObject({ ready: true })
    await step('StreamCreateDeliveryStreams', { execution })
    await until(async () => (await described()).deliveryStreams === 'ACTIVE')
    await step('StreamCreateApplication', { execution })
    // Only an application that does not run yet is asked for its last operation.
    await step('StreamDescribeResources', {})
    await step('StreamDescribeResources', {}, ['kinesisanalytics:ListApplicationOperations'])
  })

  it('by the application', async () => {
    const missed = (action: string, meanwhile?: () => Promise<unknown>) =>
      functions.missed('StreamApplicationRole', action, meanwhile)
    expect(await functions.needless('StreamStartApplication', { execution })).toEqual([])
    const start = () => functions.call('StreamStartApplication', { execution })
    // It fails, and starts again by itself: each time a little further.
    let started: Promise<unknown> | undefined
    expect(await missed('kinesis:ListShards', () => (started ??= start()))).toBe(true)
    expect(await missed('kinesis:GetShardIterator')).toBe(true)
    expect(await missed('kinesis:GetRecords')).toBe(true)
    await until(async () => (await described()).application === 'RUNNING')
    expect(await missed('firehose:PutRecordBatch', () => send(20))).toBe(true)
  })

  it('by the delivery streams', async () => {
    expect(await functions.missed('StreamDeliveryRole', 'lambda:InvokeFunction', () => send(20))).toBe(true)
    expect(await functions.missed('StreamDeliveryRole', 's3:PutObject', () => send(20))).toBe(true)
  })

  it('by the functions that prove that records flow, and by the producer', async () => {
    const sent = await step('StreamSendProbes', { execution })
    let probes: any
    await until(async () => {
      probes = (await functions.call('StreamCheckProbes', { execution, sentAt: sent.sentAt })).result
      return probes.arrived
    })
    await step('StreamCheckProbes', { execution, sentAt: sent.sentAt })
    expect(await step('StreamProducerProduce', { rate: 50, seconds: 1 })).toMatchObject({ sent: 50 })
  })

  it('by the state machines, the report and what tells of failures', async () => {
    const { role, action } = grantsOf(stream.cloud, /^StreamRole/).find((grant) => grant.action.startsWith('lambda:'))!
    expect(await functions.missed(role, action, () => stream.run('StreamStateMachineArn'))).toBe(true)
    expect(
      await functions.missed('StreamTeardownRole', action, () => stream.run('StreamTeardownStateMachineArn')),
    ).toBe(true)
    expect(
      await functions.missed('StreamTeardownStoppedRole', 'states:StartExecution', async () => {
        const restore = without(stream.cloud, 'StreamRole', action)
        await stream.run('StreamStateMachineArn').finally(restore)
      }),
    ).toBe(true)
    const ran = await stream.run('StreamStateMachineArn')
    expect(ran.status, ran.cause).toBe('SUCCEEDED')
    const { schema, probes } = {
      schema: { schema: ran.output.report.json.replace(/report\.json$/, 'schema.json') },
      ...ran.output,
    }
    const of = { Id: ran.executionArn, Name: ran.executionArn.split(':').at(-1), StartTime: new Date().toISOString() }
    await step('StreamReport', { execution: of, schema, probes })
    await step('StreamNotifyFailure', { execution, failure: { State: 'S', Error: 'E', Cause: 'C' } }, ['sns:Publish'])
  })

  it('by the function that takes all of it down', async () => {
    const application = ['kinesisanalytics:StopApplication', 'kinesisanalytics:DeleteApplication']
    const others = ['firehose:DeleteDeliveryStream', 'kinesis:DeleteStream']
    const looks = grantsOf(stream.cloud, /^StreamTearDownRole/)
      .map(({ action }) => action)
      .filter((action) => !action.startsWith('logs:') && ![...application, ...others].includes(action))
    // Another's, so it looks at everything and deletes nothing.
    expect(await step('StreamTearDown', { execution, madeBy: run('other').Id }, looks)).toEqual({
      left: [],
      done: true,
    })
    await step('StreamTearDown', { execution }, application.slice(0, 1))
    await until(async () => (await described()).application === 'READY')
    await step('StreamTearDown', { execution }, application.slice(1))
    await until(async () => (await described()).application === 'NONE')
    // The delivery streams go first: what is denied to the stream leaves none of them.
    expect(await functions.needless('StreamTearDown', { execution }, others.slice(0, 1))).toEqual([])
    await step('StreamTearDown', { execution }, others.slice(1))
    await until(async () => (await described()).gone)
  })
})

describe('every grant of the stream workflow', () => {
  it('was missed above, or has a reason not to be', () => {
    const grants = grantsOf(stream.cloud, /^Stream/)
    expect(grants.length).toBeGreaterThan(70)
    const left = grants.filter(
      ({ role, action }) => !functions.tested.has(`${role} ${action}`) && !notExercisedByStream(role, action),
    )
    expect(left).toEqual([])
    for (const { role, action } of grants)
      expect(notExercisedByStream(role, action)?.why ?? 'missed it').toMatch(/\w+ \w+/)
  })
})
