import { request } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { GetFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn'
import { ListTopicsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import { modelOf, type ServiceModel } from '../../../local/gateway/model.ts'
import { type Gateway, listen } from '../../../local/gateway/server.ts'

/** A backend that remembers each call and answers what the test gave it. */
const seen: { service: string; operation: string; input: any; principal: string }[] = []
let respond: (input: any) => unknown = () => ({})
let gateway: Gateway
const packages: Record<string, () => Promise<object>> = {
  s3: () => import('@aws-sdk/client-s3'),
  states: () => import('@aws-sdk/client-sfn'),
  lambda: () => import('@aws-sdk/client-lambda'),
  sns: () => import('@aws-sdk/client-sns'),
  monitoring: () => import('@aws-sdk/client-cloudwatch'),
  scheduler: () => import('@aws-sdk/client-scheduler'),
  kinesis: () => import('@aws-sdk/client-kinesis'),
}
const models = new Map<string, ServiceModel>()

beforeAll(async () => {
  const backend = {
    async model(name: string) {
      const load = packages[name]
      if (load && !models.has(name)) models.set(name, modelOf(name, await load()))
      return models.get(name)
    },
    principal: (key: string | undefined) => ({ arn: key ?? 'anonymous', policies: () => [] }),
    async invoke(call: any, service: string, operation: string, input: any) {
      seen.push({ service, operation, input, principal: call.principal.arn })
      return respond(input)
    },
    page: async () => undefined,
    log: () => {},
  }
  gateway = await listen(0, Promise.resolve(backend))
})
afterAll(() => gateway.close())

function options() {
  return {
    endpoint: gateway.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'ASIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  }
}

describe('the unmodified SDK clients reach their operation and read its answer', () => {
  it('awsJson 1.0: Step Functions, with timestamps', async () => {
    const startDate = new Date('2026-11-22T12:00:00.250Z')
    respond = () => ({ executionArn: 'arn:x', startDate })
    const answer = await new SFNClient(options()).send(
      new StartExecutionCommand({ stateMachineArn: 'arn:m', input: '{"a":"ä"}' }),
    )
    expect(seen.at(-1)).toEqual({
      service: 'states',
      operation: 'StartExecution',
      input: { stateMachineArn: 'arn:m', input: '{"a":"ä"}' },
      principal: 'ASIATEST',
    })
    expect(answer).toMatchObject({ executionArn: 'arn:x', startDate })
  })

  it('awsJson over HTTP/2 without TLS: Kinesis, with blobs', async () => {
    respond = () => ({ FailedRecordCount: 0, Records: [{ SequenceNumber: '1', ShardId: 's' }] })
    const client = new KinesisClient(options())
    const Data = Buffer.from([0, 1, 255])
    const answer = await client.send(
      new PutRecordsCommand({ StreamName: 'users', Records: [{ Data, PartitionKey: 'k' }] }),
    )
    expect(Buffer.from(seen.at(-1)!.input.Records[0].Data)).toEqual(Data)
    expect(answer.FailedRecordCount).toBe(0)
    client.destroy()
  })

  it('restJson: Lambda, with the payload as the body and labels in the path', async () => {
    respond = () => ({ StatusCode: 200, Payload: Buffer.from('{"ok":true}'), ExecutedVersion: '$LATEST' })
    const answer = await new LambdaClient(options()).send(
      new InvokeCommand({ FunctionName: 'arn:aws:lambda:us-east-1:0:function:f', Payload: Buffer.from('{"n":1}') }),
    )
    expect(seen.at(-1)).toMatchObject({
      operation: 'Invoke',
      input: { FunctionName: 'arn:aws:lambda:us-east-1:0:function:f' },
    })
    expect(Buffer.from(seen.at(-1)!.input.Payload).toString()).toBe('{"n":1}')
    expect(answer.Payload?.transformToString()).toBe('{"ok":true}')
  })

  it('restJson: Scheduler, with members in path and body, and a body that is no JSON', async () => {
    respond = () => ({ ScheduleArn: 'arn:s' })
    const schedule = {
      Name: 'nightly',
      ScheduleExpression: 'rate(1 day)',
      FlexibleTimeWindow: { Mode: 'OFF' as const },
      Target: { Arn: 'arn:m', RoleArn: 'arn:r' },
    }
    const answer = await new SchedulerClient(options()).send(new CreateScheduleCommand(schedule))
    expect(seen.at(-1)!.input).toMatchObject(schedule)
    expect(answer.ScheduleArn).toBe('arn:s')
    const broken = await fetch(`${gateway.url}/schedules/nightly`, {
      method: 'POST',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/scheduler/aws4_request' },
      body: '{"ScheduleExpression":',
    })
    expect(broken.status).toBe(400)
    expect(broken.headers.get('x-amzn-errortype')).toBe('SerializationException')
  })

  it('awsQuery: SNS, with maps and lists in the form', async () => {
    respond = () => ({ MessageId: 'm1' })
    const client = new SNSClient(options())
    const answer = await client.send(
      new PublishCommand({
        TopicArn: 'arn:t',
        Message: 'a & <b>',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
      }),
    )
    expect(seen.at(-1)!.input).toEqual({
      TopicArn: 'arn:t',
      Message: 'a & <b>',
      MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
    })
    expect(answer.MessageId).toBe('m1')
    respond = () => ({ Topics: [{ TopicArn: 'a' }, { TopicArn: 'b' }] })
    expect((await client.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn: 'a' }, { TopicArn: 'b' }])
  })

  it('CloudWatch, whatever protocol its client chose', async () => {
    respond = () => ({ MetricAlarms: [{ AlarmName: 'failed' }] })
    const answer = await new CloudWatchClient(options()).send(new DescribeAlarmsCommand({ AlarmNames: ['failed'] }))
    expect(answer.MetricAlarms?.[0]?.AlarmName).toBe('failed')
  })

  it('restXml: S3 puts a stream with a checksum trailer, metadata and a key that needs escaping', async () => {
    const bodies: string[] = []
    respond = async (input) => {
      bodies.push(await text(input.Body))
      return { ETag: '"e"' }
    }
    const Body = Readable.from([Buffer.from('hello '), Buffer.from('world')])
    await new S3Client(options()).send(
      new PutObjectCommand({
        Bucket: 'raw',
        Key: 'a b/ü+?.txt',
        Body,
        ContentLength: 11,
        Metadata: { quarter: '1999Q1' },
      }),
    )
    expect(seen.at(-1)).toMatchObject({
      operation: 'PutObject',
      input: { Bucket: 'raw', Key: 'a b/ü+?.txt', Metadata: { quarter: '1999Q1' } },
    })
    expect(bodies).toEqual(['hello world'])
  })

  it('restXml: S3 tells operations on one path apart', async () => {
    respond = async (input) => {
      for await (const _ of input.Body ?? []);
      return {}
    }
    const s3 = new S3Client(options())
    await s3.send(new UploadPartCommand({ Bucket: 'raw', Key: 'k', PartNumber: 2, UploadId: 'u', Body: 'x' }))
    expect(seen.at(-1)).toMatchObject({ operation: 'UploadPart', input: { PartNumber: 2, UploadId: 'u' } })
    await s3.send(new ListObjectsV2Command({ Bucket: 'raw', Prefix: 'p/', MaxKeys: 5 }))
    expect(seen.at(-1)).toMatchObject({
      operation: 'ListObjectsV2',
      input: { Bucket: 'raw', Prefix: 'p/', MaxKeys: 5 },
    })
  })

  it('streams a body back', async () => {
    respond = () => ({ Body: Readable.from(['one', 'two']), ContentLength: 6, ContentType: 'text/plain' })
    const answer = await new S3Client(options()).send(new GetObjectCommand({ Bucket: 'raw', Key: 'k' }))
    expect(answer.ContentType).toBe('text/plain')
    expect(await answer.Body?.transformToString()).toBe('onetwo')
  })
})

describe('errors arrive under their name in each protocol', () => {
  const fail = (name: string, message: string, status?: number) => {
    respond = () => {
      throw new AwsError(name, message, {}, status)
    }
  }

  it.each([
    [
      'awsJson',
      'ExecutionDoesNotExist',
      () => new SFNClient(options()).send(new DescribeExecutionCommand({ executionArn: 'x' })),
    ],
    [
      'restJson',
      'ResourceNotFoundException',
      () => new LambdaClient(options()).send(new GetFunctionCommand({ FunctionName: 'f' })),
    ],
    ['restXml', 'NoSuchKey', () => new S3Client(options()).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))],
    [
      'awsQuery',
      'NotFoundException',
      () => new SNSClient(options()).send(new PublishCommand({ TopicArn: 't', Message: 'm' })),
    ],
  ])('%s: %s', async (_, name, send) => {
    fail(name, `It <is> "not" there & ${name}`)
    await expect(send()).rejects.toMatchObject({ name, message: `It <is> "not" there & ${name}` })
  })

  it('an unexpected failure is an InternalFailure with status 500', async () => {
    respond = () => {
      throw new TypeError('oops')
    }
    const sent = new SFNClient(options()).send(new DescribeExecutionCommand({ executionArn: 'x' }))
    await expect(sent).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
  })

  it('a large upload to a bucket that is not there fails cleanly, and the connection goes on', async () => {
    fail('NoSuchBucket', 'The specified bucket does not exist')
    const s3 = new S3Client(options())
    const put = s3.send(new PutObjectCommand({ Bucket: 'nope', Key: 'k', Body: Buffer.alloc(10 << 20) }))
    await expect(put).rejects.toMatchObject({ name: 'NoSuchBucket' })
    respond = () => ({})
    await expect(s3.send(new ListObjectsV2Command({ Bucket: 'raw' }))).resolves.toBeDefined()
  })

  it('a service that is not there answers 501, which clients do not retry', async () => {
    const answer = await fetch(`${gateway.url}/`, {
      method: 'POST',
      headers: { authorization: 'AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/nosuch/aws4_request' },
    })
    expect(answer.status).toBe(501)
  })

  it('a service that is not there answers clients of the query protocol in XML', async () => {
    const answer = await fetch(`${gateway.url}/`, {
      method: 'POST',
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/cloudformation/aws4_request',
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      },
      body: 'Action=DescribeStacks',
    })

    expect(await answer.text()).toMatch(
      /^<ErrorResponse><Error>.*<Code>UnknownOperationException<.* has no service "cloudformation"\./,
    )
  })
})

it('who calls without credentials is anonymous', async () => {
  respond = () => ({})
  await fetch(`${gateway.url}/raw?list-type=2`)
  expect(seen.at(-1)).toMatchObject({ service: 's3', operation: 'ListObjectsV2', principal: 'anonymous' })
})

it('refuses to answer under a name that is not of this machine', async () => {
  const { status, calls } = await new Promise<{ status: number; calls: number }>((resolve, reject) => {
    const before = seen.length
    const headers = {
      host: 'rebound.example.com',
      authorization: 'AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/s3/aws4_request',
    }
    request(`${gateway.url}/raw`, { headers }, (response) => {
      response.resume()
      resolve({ status: response.statusCode!, calls: seen.length - before })
    })
      .on('error', reject)
      .end()
  })
  expect(status).toBe(403)
  expect(calls).toBe(0)
})
