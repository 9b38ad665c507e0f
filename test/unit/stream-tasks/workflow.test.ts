/** The workflow's real functions against the real services of the local cloud, over the wire, in the order of the definition. */
import { readFileSync } from 'node:fs'
import { FirehoseClient, ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose'
import { KinesisClient, ListStreamsCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { CreateStateMachineCommand, SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn'
import type { Context } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import yazl from 'yazl'
import { UserGenerator } from '../../../data/users/generator.ts'
import type { Cloud } from '../../../local/cloud.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createIam } from '../../../local/services/iam/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { createKinesisAnalytics } from '../../../local/services/kinesisanalyticsv2/index.ts'
import { createMonitoring } from '../../../local/services/monitoring/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { createStates } from '../../../local/services/states/index.ts'
import { handler as transform } from '../../../tasks/stream/transform-records.ts'
import { until } from '../../support/until.ts'
import { machineRole, startWire, type Wire } from '../../support/wire.ts'

const account = '000000000000'
const execution = (name: string) => ({
  Id: `arn:aws:states:us-east-1:${account}:execution:Stream:${name}`,
  Name: name,
  StartTime: new Date().toISOString(),
})
const context = { getRemainingTimeInMillis: () => 60_000, functionName: 'f', awsRequestId: 'r' } as Context

/** The transformation in place of a sandbox: Lambda itself is tested elsewhere. */
const createTransform = (_cloud: Cloud): Service => ({
  name: 'lambda',
  schemas: async () => ({}),
  may: () => [
    { action: 'lambda:InvokeFunction', resource: 'arn:aws:lambda:us-east-1:000000000000:function:transform' },
  ],
  operations: {
    Invoke: async ({ Payload }) => ({
      StatusCode: 200,
      Payload: Buffer.from(JSON.stringify(await transform(JSON.parse(Buffer.from(Payload).toString())))),
    }),
  },
})

const role = (name: string, service: string, ...Statement: object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement } }],
  },
})
/** Stands in for the workflow: its executions run as long as the test does. */
const waiting = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 600, End: true } } })
const allow = (Action: string[], Resource: string) => ({ Effect: 'Allow', Action, Resource })
const bucket = (BucketName: string) => ({ Type: 'AWS::S3::Bucket', Properties: { BucketName } })

let wire: Wire
const logLevel = process.env.POWERTOOLS_LOG_LEVEL

beforeAll(async () => {
  wire = await startWire(
    {
      Lake: bucket('lake'),
      Reports: bucket('reports'),
      Code: bucket('code'),
      Machine: machineRole.resource,
      Delivery: role(
        'Delivery',
        'firehose.amazonaws.com',
        allow(['s3:PutObject'], 'arn:aws:s3:::lake/stream/*'),
        allow(['lambda:InvokeFunction'], '*'),
      ),
      Application: role(
        'Application',
        'kinesisanalytics.amazonaws.com',
        allow(
          ['kinesis:ListShards', 'kinesis:GetShardIterator', 'kinesis:GetRecords'],
          `arn:aws:kinesis:us-east-1:${account}:stream/users`,
        ),
        allow(['firehose:PutRecordBatch'], `arn:aws:firehose:us-east-1:${account}:deliverystream/*`),
        allow(['s3:GetObject'], 'arn:aws:s3:::code/*'),
      ),
    },
    [
      createIam,
      createS3,
      createTransform,
      createKinesis,
      createFirehose,
      createKinesisAnalytics,
      createMonitoring,
      createStates,
    ],
  )
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: wire.options.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAADMINISTRATOR',
    AWS_SECRET_ACCESS_KEY: 'any',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    STREAM_NAME: 'users',
    SHARD_COUNT: '2',
    USERS_DELIVERY_STREAM: 'users-transformed',
    ERRORS_DELIVERY_STREAM: 'users-errors',
    COUNTS_DELIVERY_STREAM: 'users-counts',
    APPLICATION_NAME: 'users',
    LAKE_BUCKET: 'lake',
    REPORTS_BUCKET: 'reports',
    DELIVERY_ROLE_ARN: `arn:aws:iam::${account}:role/Delivery`,
    APPLICATION_ROLE_ARN: `arn:aws:iam::${account}:role/Application`,
    TRANSFORM_FUNCTION_ARN: `arn:aws:lambda:us-east-1:${account}:function:transform`,
    BUFFER_SECONDS: '0',
    CODE_BUCKET: 'code',
    CODE_KEY: 'app.zip',
    CHECKPOINT_SECONDS: '1',
    RATE: '100',
    SECONDS: '1',
    BAD_SHARE: '0',
    SOURCE: 'generator',
  })
  const states = new SFNClient(wire.options)
  const { stateMachineArn } = await states.send(
    new CreateStateMachineCommand({ name: 'Stream', definition: waiting, roleArn: machineRole.arn }),
  )
  for (const name of ['one', 'two', 'three', 'drift', 'stopped'])
    await states.send(new StartExecutionCommand({ stateMachineArn, name }))
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('# the runner'), 'main.py')
  zip.addBuffer(readFileSync(new URL('../../../sql/flink/users.sql', import.meta.url)), 'job.sql')
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  await new S3Client(wire.options).send(
    new PutObjectCommand({ Bucket: 'code', Key: 'app.zip', Body: Buffer.concat(chunks) }),
  )
})
afterAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = logLevel ?? ''
  await wire.close()
})

async function invoke(task: string, input: object = {}): Promise<any> {
  const { handler } = await import(`../../../tasks/stream/${task}.ts`)
  return handler(input, context)
}

const describeUntil = (wanted: object) => until(async () => matches(await invoke('describe-resources'), wanted))
const matches = (found: any, wanted: object) => Object.entries(wanted).every(([key, value]) => found[key] === value)

async function produce(count: number, change = (text: string) => text): Promise<void> {
  const generator = new UserGenerator({ seed: 3, bad: 0.05 })
  const Records = Array.from({ length: count }, () => {
    const { record, partitionKey } = generator.next(Date.now())
    return { Data: Buffer.from(change(record)), PartitionKey: partitionKey }
  })
  await new KinesisClient(wire.options).send(new PutRecordsCommand({ StreamName: 'users', Records }))
}

describe('the stream workflow’s functions', () => {
  it('set the stream up, prove that records flow, report, and take all of it down again', async () => {
    const run = { execution: execution('one') }
    expect(await invoke('produce')).toEqual({ stream: 'users', sent: 0, retried: 0 })
    expect(await invoke('create-stream', run)).toEqual({ stream: 'users', adopted: false })
    expect(await invoke('create-stream', run)).toEqual({ stream: 'users', adopted: true })
    await describeUntil({ stream: 'ACTIVE' })
    expect(await invoke('discover-schema', run)).toEqual({ records: 0, ready: false })
    await produce(200)
    const schema = await invoke('discover-schema', run)
    expect(schema).toMatchObject({ records: 200, ready: true, schema: 's3://reports/stream/one/schema.json' })

    expect((await invoke('create-delivery-streams', run)).adopted).toEqual([])
    expect((await invoke('create-delivery-streams', run)).adopted).toHaveLength(3)
    await describeUntil({ deliveryStreams: 'ACTIVE' })
    expect(await invoke('create-application', run)).toMatchObject({ adopted: false, updated: false })
    expect(await invoke('create-application', run)).toMatchObject({ adopted: true, updated: false })
    expect(await invoke('start-application', run)).toMatchObject({ started: true })
    await describeUntil({ application: 'RUNNING' })
    expect(await invoke('start-application', run)).toMatchObject({ started: false })

    const sent = await invoke('send-probes', run)
    let probes: any
    await until(async () => {
      probes = await invoke('check-probes', { ...run, sentAt: sent.sentAt })
      return probes.arrived
    })
    expect(probes).toEqual({ good: 5, bad: 3, of: 8, arrived: true })
    const { report } = await invoke('report', { ...run, schema, probes })
    const body = await new S3Client(wire.options).send(
      new GetObjectCommand({ Bucket: 'reports', Key: report.json.split('reports/')[1] }),
    )
    expect(JSON.parse(await body.Body!.transformToString())).toMatchObject({
      stream: { name: 'users', status: 'ACTIVE', openShards: 2 },
      application: { status: 'RUNNING' },
      probes: { good: 5, bad: 3 },
    })

    // Another execution's clean-up leaves what this one has made.
    expect(await invoke('tear-down', { execution: execution('two'), madeBy: execution('two').Id })).toEqual({
      left: [],
      done: true,
    })
    expect(await invoke('describe-resources')).toMatchObject({ stream: 'ACTIVE', application: 'RUNNING' })
    // What an execution has made stays while it runs, and goes when it was stopped.
    const ofOne = { execution: execution('three'), madeBy: execution('one').Id }
    expect(await invoke('tear-down', ofOne)).toEqual({ left: [], done: true })
    await new SFNClient(wire.options).send(new StopExecutionCommand({ executionArn: execution('one').Id }))
    expect(await invoke('tear-down', ofOne)).toEqual({ left: ['application users'], done: false })
    await until(async () => (await invoke('tear-down', ofOne)).done)
    await until(async () => (await invoke('describe-resources')).gone)
    expect((await new KinesisClient(wire.options).send(new ListStreamsCommand({}))).StreamNames).toEqual([])
    expect(
      (await new FirehoseClient(wire.options).send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames,
    ).toEqual([])
  }, 60_000)

  it('stop at live records that are not what the SQL reads', async () => {
    const run = { execution: execution('drift') }
    await invoke('create-stream', run)
    await describeUntil({ stream: 'ACTIVE' })
    await produce(50, (text) => text.replaceAll('"age":', '"years":'))

    await expect(invoke('discover-schema', run)).rejects.toMatchObject({
      name: 'SchemaDrift',
      message: expect.stringMatching(/results\[\]\.dob\.age should be integer, and is missing/),
    })
    expect(await invoke('tear-down', { ...run, madeBy: run.execution.Id })).toMatchObject({ left: ['stream users'] })
    await until(async () => (await invoke('describe-resources')).gone)
  })
})
