import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'
import { until } from '../../support/until.ts'

const role = 'arn:aws:iam::000000000000:role/Delivery'
const lambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:transform'

let cloud: TestCloud
/** What stands in the bucket. */
let objects: Map<string, Buffer>
let putFails: AwsError | undefined
let tried: string[]
/** The transformation; its argument and result as Lambda's. */
let transform: (event: any) => any
let events: any[]

/** Counts the local clouds: an older one is as if killed, its calls never end. */
let generation = 0

function serve(): void {
  const own = ++generation
  const unlessKilled = () => (own === generation ? undefined : new Promise<never>(() => {}))
  cloud.fake('s3', {
    async PutObject({ Key, Body }) {
      await unlessKilled()
      tried.push(Key)
      if (putFails) throw putFails
      objects.set(Key, Buffer.from(Body))
    },
  })
  cloud.fake('lambda', {
    async Invoke({ Payload }) {
      await unlessKilled()
      const event = JSON.parse(Buffer.from(Payload).toString())
      events.push(event)
      return transform(event)
    },
  })
  const firehose = cloud.add(createFirehose(cloud, { delayMs: 0 }))
  void firehose.start?.()
}

beforeEach(() => {
  cloud = testCloud()
  objects = new Map()
  tried = []
  events = []
  putFails = undefined
  transform = ({ records }) => answer(records.map((one: any) => ({ ...one, result: 'Ok' })))
  serve()
})
afterEach(() => cloud.dispose())

const answer = (records: object[]) => ({ StatusCode: 200, Payload: Buffer.from(JSON.stringify({ records })) })
const call = (operation: string, input: object) => cloud.as('firehose', operation, input)

async function create(destination: object = {}, more: object = {}): Promise<void> {
  await call('CreateDeliveryStream', {
    DeliveryStreamName: 'users',
    ...more,
    ExtendedS3DestinationConfiguration: {
      RoleARN: role,
      BucketARN: 'arn:aws:s3:::lake',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      ...destination,
    },
  })
}

const withLambda = (parameters: Record<string, string> = {}) => ({
  ProcessingConfiguration: {
    Enabled: true,
    Processors: [
      {
        Type: 'Lambda',
        Parameters: Object.entries({ LambdaArn: lambdaArn, BufferIntervalInSeconds: '0', ...parameters }).map(
          ([ParameterName, ParameterValue]) => ({ ParameterName, ParameterValue }),
        ),
      },
    ],
  },
})

const put = (...texts: string[]) =>
  call('PutRecordBatch', { DeliveryStreamName: 'users', Records: texts.map((text) => ({ Data: Buffer.from(text) })) })

const contents = (prefix = '') =>
  [...objects]
    .filter(([key]) => key.startsWith(prefix))
    .map(([, body]) => body.toString())
    .join('')
const errorRecords = () =>
  contents('errors/')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

describe('delivery', () => {
  it('writes records one behind the other, under the default folders and the stream’s name', async () => {
    await create({ Prefix: 'raw/' })
    await put('a', 'b')
    await until(() => objects.size === 1)

    const [[key, body]] = [...objects] as [[string, Buffer]]
    expect(body.toString()).toBe('ab')
    expect(key).toMatch(/^raw\/\d{4}\/\d\d\/\d\d\/\d\d\/users-1-\d{4}(-\d\d){5}-[0-9a-f-]{36}$/)
    expect(cloud.calls.at(-1)!.principal.roleArn).toBe(role)
  })

  it('appends a delimiter, zips, and evaluates expressions', async () => {
    await create({
      Prefix: 'users/day=!{timestamp:yyyy-MM-dd}/!{firehose:random-string}/',
      ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
      CompressionFormat: 'GZIP',
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          { Type: 'AppendDelimiterToRecord', Parameters: [{ ParameterName: 'Delimiter', ParameterValue: '\\n' }] },
        ],
      },
    })
    await put('a', 'b')
    await until(() => objects.size === 1)

    const [[key, body]] = [...objects] as [[string, Buffer]]
    expect(gunzipSync(body).toString()).toBe('a\nb\n')
    expect(key).toMatch(/^users\/day=\d{4}-\d\d-\d\d\/[\w-]{11}\/users-1-.*\.gz$/)
  })

  it('waits for the buffer’s interval when its size is not reached', async () => {
    await create({ BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 } })
    const started = Date.now()
    await put('small')
    await sleep(400)
    expect(objects.size).toBe(0)
    await until(() => objects.size === 1)
    expect(Date.now() - started).toBeGreaterThanOrEqual(950)
  })

  it('does not wait for the interval when the buffer’s size is reached', async () => {
    await create({ BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 300 } })
    const half = 'x'.repeat(600_000)
    await put(half)
    await put(half)
    await until(() => objects.size === 1)
  })

  it('tries again while S3 refuses, and says so', async () => {
    await create()
    putFails = new AwsError('AccessDenied', 'Access Denied')
    await put('a')
    await until(() => tried.length >= 2)
    putFails = undefined
    await until(() => objects.size === 1)

    expect(new Set(tried).size).toBe(1)
    expect(cloud.lines.some((line) => line.message.includes('AccessDenied'))).toBe(true)
  })

  it('delivers after a restart what it had acknowledged, and an object that was being delivered under the same key', async () => {
    await create()
    putFails = new AwsError('SlowDown', 'Please reduce your request rate.')
    await put('cut')
    await until(() => tried.length >= 1)
    await put('waiting')
    const [key] = tried
    await cloud.call(cloud.admin, 'firehose', 'DescribeDeliveryStream', { DeliveryStreamName: 'users' })

    const old = cloud
    cloud = cloud.restart()
    putFails = undefined
    serve()
    await until(() => contents().includes('waiting'))

    expect(objects.get(key!)!.toString()).toBe('cut')
    expect(contents().length).toBe('cutwaiting'.length)
    expect(old).not.toBe(cloud)
  })

  it('leaves out what a producer sends again', async () => {
    await create()
    const send = (offset: number, ...texts: string[]) =>
      call('PutRecordBatch', {
        DeliveryStreamName: 'users',
        Records: texts.map((text) => ({ Data: Buffer.from(text) })),
        LocalProducer: { id: 'job/0', offset },
      })
    await send(0, 'a', 'b')
    await send(1, 'b', 'c')
    await send(0, 'a')
    await until(() => contents().length === 3)

    expect([...contents()].sort().join('')).toBe('abc')
    expect((await failure(() => send(9, 'z'))).message).toMatch(/3 was to come next/)
  })
})

describe('transformation', () => {
  const errors = { Prefix: 'ok/', ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/' }

  it('sorts records into delivered, dropped and failed, each once', async () => {
    transform = ({ records }) =>
      answer(
        records.map(({ recordId, data }: any) => {
          const text = Buffer.from(data, 'base64').toString()
          const result = text.startsWith('drop') ? 'Dropped' : text.startsWith('fail') ? 'ProcessingFailed' : 'Ok'
          return { recordId, result, data: Buffer.from(`${text.toUpperCase()}\n`).toString('base64') }
        }),
      )
    await create({ ...errors, ...withLambda() })
    await put('a', 'drop', 'fail \u0000', 'b')
    await until(() => contents('ok/').includes('B') && errorRecords().length === 1)

    expect(contents('ok/')).toBe('A\nB\n')
    const [error] = errorRecords()
    expect(error).toMatchObject({ attemptsMade: 1, errorCode: 'Lambda.FunctionError', lambdaArn })
    expect(Buffer.from(error.rawData, 'base64').toString()).toBe('fail \u0000')
    expect([...objects.keys()].find((key) => key.startsWith('errors/'))).toMatch(/^errors\/processing-failed\/users-1-/)
  })

  it('gives the function what AWS gives it', async () => {
    await create(withLambda())
    await put('a')
    await until(() => objects.size === 1)
    expect(events[0]).toMatchObject({
      invocationId: expect.any(String),
      deliveryStreamArn: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/users',
      region: 'us-east-1',
      records: [{ recordId: expect.any(String), approximateArrivalTimestamp: expect.any(Number), data: 'YQ==' }],
    })
  })

  it('retries a function that fails, then writes the whole batch to the errors', async () => {
    transform = () => ({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      Payload: Buffer.from('{"errorType":"Error","errorMessage":"boom"}'),
    })
    await create({ ...errors, ...withLambda({ NumberOfRetries: '2' }) })
    await put('a', 'b')
    await until(() => errorRecords().length === 2)

    expect(events).toHaveLength(3)
    expect(errorRecords()[0]).toMatchObject({
      attemptsMade: 3,
      errorCode: 'Lambda.FunctionError',
      errorMessage: expect.stringContaining('boom'),
    })
    expect(errorRecords().map((one) => Buffer.from(one.rawData, 'base64').toString())).toEqual(['a', 'b'])
    expect(contents('ok/')).toBe('')
  })

  it.each([
    ['that leaves an id out', (records: any[]) => records.slice(1), 'Lambda.MissingRecordId', 1],
    [
      'that makes ids up',
      (records: any[]) => records.map((one, i) => (i ? one : { ...one, recordId: 'other' })),
      'Lambda.MissingRecordId',
      1,
    ],
    ['that gives an id twice', (records: any[]) => [records[0], ...records], 'Lambda.DuplicatedRecordId', 1],
    [
      'that gives no data',
      (records: any[]) => records.map((one, i) => (i ? one : { ...one, data: undefined })),
      'Lambda.JsonProcessingException',
      1,
    ],
  ])('reports a function %s', async (_name, change, errorCode, failed) => {
    transform = ({ records }) => answer(change(records.map((one: any) => ({ ...one, result: 'Ok' }))))
    await create({ ...errors, ...withLambda() })
    await put('a', 'b')
    await until(() => errorRecords().length === failed && contents('ok/') === 'b')
    expect(errorRecords()[0]).toMatchObject({ errorCode, attemptsMade: 1, rawData: 'YQ==' })
  })

  it('reports a timeout, an answer that is no JSON, and a function that may not be called', async () => {
    await create({ ...errors, ...withLambda({ NumberOfRetries: '0' }) })
    transform = () => ({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      Payload: Buffer.from('{"errorMessage":"2026 Task timed out after 3.00 seconds"}'),
    })
    await put('a')
    await until(() => errorRecords().length === 1)
    transform = () => ({ StatusCode: 200, Payload: Buffer.from('null') })
    await put('b')
    await until(() => errorRecords().length === 2)
    transform = () => {
      throw new AwsError('AccessDeniedException', 'not authorized')
    }
    await put('c')
    await until(() => errorRecords().length === 3)

    expect(
      errorRecords()
        .map((one) => one.errorCode)
        .sort(),
    ).toEqual(['Lambda.FunctionTimedOut', 'Lambda.InvokeAccessDenied', 'Lambda.JsonProcessingException'])
  })

  it('invokes with no more than the transform buffer at a time', async () => {
    await create(withLambda({ BufferSizeInMBs: '0.2' }))
    const text = 'x'.repeat(60_000)
    await put(...Array.from({ length: 10 }, () => text))
    await until(() => contents().length === 600_000)
    for (const { records } of events) expect(records.length).toBeLessThanOrEqual(3)
  })

  it('loses nothing and repeats nothing over a restart in the middle of a transformation', async () => {
    transform = () => new Promise(() => {})
    await create({ ...errors, ...withLambda() })
    await put('a', 'b')
    await until(() => events.length === 1)

    cloud = cloud.restart()
    transform = ({ records }) => answer(records.map((one: any) => ({ ...one, result: 'Ok' })))
    events = []
    serve()
    await until(() => contents('ok/').length >= 2)
    await sleep(300)
    expect(contents('ok/')).toBe('ab')
    expect(errorRecords()).toEqual([])
  })
})

describe('what is refused', () => {
  it.each([
    [{ CompressionFormat: 'ZIP' }, /CompressionFormat/],
    [{ DataFormatConversionConfiguration: { Enabled: true } }, /DataFormatConversionConfiguration/],
    [{ DynamicPartitioningConfiguration: { Enabled: true } }, /DynamicPartitioningConfiguration/],
    [
      { ProcessingConfiguration: { Enabled: true, Processors: [{ Type: 'MetadataExtraction', Parameters: [] }] } },
      /Processors/,
    ],
    [{ Prefix: 'a/!{timestamp:yyyy}/' }, /ErrorOutputPrefix cannot be null/],
    [{ ErrorOutputPrefix: 'a/!{timestamp:yyyy}/' }, /error-output-type/],
    [{ Prefix: 'a/!{partitionKeyFromQuery:x}/', ErrorOutputPrefix: 'e/' }, /dynamic partitioning/],
    [{ BufferingHints: { SizeInMBs: 200, IntervalInSeconds: 1 } }, /128/],
    [withLambda({ BufferSizeInMBs: '9' }), /0.2 to 3/],
  ])('%j', async (destination, message) => {
    const error = await failure(() => create(destination))
    expect(error).toMatchObject({ name: 'InvalidArgumentException' })
    expect(error.message).toMatch(message)
  })

  it('is other destinations, records too large, and batches too long', async () => {
    expect((await failure(() => create({}, { RedshiftDestinationConfiguration: {} }))).message).toMatch(
      /RedshiftDestinationConfiguration/,
    )
    await create()
    expect((await failure(() => put('x'.repeat(1_024_001)))).message).toMatch(/1024000/)
    expect((await failure(() => put(...Array.from({ length: 501 }, () => 'x')))).message).toMatch(/500/)
    expect(
      await failure(() => call('PutRecord', { DeliveryStreamName: 'none', Record: { Data: Buffer.from('x') } })),
    ).toMatchObject({ name: 'ResourceNotFoundException' })
  })
})

describe('deleting', () => {
  it('delivers what was taken, then leaves nothing', async () => {
    await create({ BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 } })
    await put('last words')
    await call('DeleteDeliveryStream', { DeliveryStreamName: 'users' })
    const { DeliveryStreamDescription } = await call('DescribeDeliveryStream', { DeliveryStreamName: 'users' })
    expect(DeliveryStreamDescription.DeliveryStreamStatus).toBe('DELETING')
    await until(() => objects.size === 1)
    for (let i = 0; i < 100; i++) {
      const { DeliveryStreamNames } = await call('ListDeliveryStreams', {})
      if (DeliveryStreamNames.length === 0) return
      await sleep(20)
    }
    throw new Error('The delivery stream is still there.')
  })
})
