import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'
import { until } from '../../support/until.ts'

const role = 'arn:aws:iam::000000000000:role/Delivery'
const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/source'
const lambdaArn = 'arn:aws:lambda:us-east-1:000000000000:function:transform'

let cloud: TestCloud
let delivered: string
let events: any[]
let served: Service[]

function serve(): void {
  cloud.fake('s3', {
    PutObject({ Body }) {
      delivered += Buffer.from(Body).toString()
    },
  })
  cloud.fake('lambda', {
    Invoke({ Payload }) {
      const event = JSON.parse(Buffer.from(Payload).toString())
      events.push(event)
      const records = event.records.map(({ recordId, data }: any) => ({ recordId, data, result: 'Ok' }))
      return { StatusCode: 200, Payload: Buffer.from(JSON.stringify({ records })) }
    },
  })
  served = [createKinesis(cloud, { delayMs: 0 }), createFirehose(cloud, { delayMs: 0 })]
  for (const service of served) cloud.add(service)
  for (const service of served) void service.start?.()
}

beforeEach(() => {
  cloud = testCloud()
  delivered = ''
  events = []
  serve()
})
afterEach(() => cloud.dispose())

const put = (text: string) =>
  cloud.as('kinesis', 'PutRecord', { StreamName: 'source', Data: Buffer.from(text), PartitionKey: `key ${text}` })

async function create(): Promise<void> {
  await cloud.as('kinesis', 'CreateStream', { StreamName: 'source', ShardCount: 2 })
  await put('before')
  await sleep(5)
  await cloud.as('firehose', 'CreateDeliveryStream', {
    DeliveryStreamName: 'copy',
    DeliveryStreamType: 'KinesisStreamAsSource',
    KinesisStreamSourceConfiguration: { KinesisStreamARN: streamArn, RoleARN: role },
    ExtendedS3DestinationConfiguration: {
      RoleARN: role,
      BucketARN: 'arn:aws:s3:::lake',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          {
            Type: 'Lambda',
            Parameters: [
              { ParameterName: 'LambdaArn', ParameterValue: lambdaArn },
              { ParameterName: 'BufferIntervalInSeconds', ParameterValue: '0' },
            ],
          },
        ],
      },
    },
  })
}

describe('a delivery stream with a Kinesis source', () => {
  it('takes what comes after it was made, as its role, and tells the function where it is from', async () => {
    await create()
    const { SequenceNumber, ShardId } = await put('a')
    await until(() => delivered === 'a')

    expect(events[0].sourceKinesisStreamArn).toBe(streamArn)
    expect(events[0].records[0].kinesisRecordMetadata).toMatchObject({
      sequenceNumber: SequenceNumber,
      subsequenceNumber: 0,
      partitionKey: 'key a',
      shardId: ShardId,
    })
    const reads = cloud.calls.filter((call) => call.operation === 'GetRecords')
    expect(new Set(reads.map((call) => call.principal.roleArn))).toEqual(new Set([role]))
  })

  it('goes on behind the last record after a restart', async () => {
    await create()
    await put('a')
    await until(() => delivered === 'a')
    for (const service of served.toReversed()) await service.close?.()
    cloud = cloud.restart()
    serve()
    await put('b')
    await until(() => delivered.length >= 2)
    await sleep(400)
    expect(delivered).toBe('ab')
  })

  it('takes no records from producers', async () => {
    await create()
    const error = await failure(() =>
      cloud.as('firehose', 'PutRecord', { DeliveryStreamName: 'copy', Record: { Data: Buffer.from('x') } }),
    )
    expect(error.message).toBe('This operation is not permitted on KinesisStreamAsSource delivery stream type.')
  })
})
