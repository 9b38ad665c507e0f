/** Operations of Kinesis, Firehose and Managed Flink with inputs that no SDK would send: an answer or an AWS error, never one of the program. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import { modelOf } from '../../../local/gateway/model.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { createKinesisAnalytics } from '../../../local/services/kinesisanalyticsv2/index.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
beforeEach(() => {
  cloud = testCloud()
})
afterEach(() => cloud.dispose())

const role = 'arn:aws:iam::000000000000:role/Role'
const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64')
const texts = fc.oneof(
  fc.constantFrom(
    'users',
    'shardId-000000000000',
    'shardId-000000000009',
    '',
    '0',
    '-1',
    role,
    'LATEST',
    'TRIM_HORIZON',
  ),
  fc.constantFrom(
    'arn:aws:kinesis:us-east-1:000000000000:stream/users',
    'arn:aws:firehose:us-east-1:000000000000:deliverystream/users',
  ),
  fc.constantFrom('AT_SEQUENCE_NUMBER', 'AT_TIMESTAMP', '49'.padEnd(56, '0'), '49'.padEnd(56, 'x'), 'x'.repeat(300)),
  fc.constantFrom(
    token(['users', 1, 0, 'x', 9e15]),
    token([]),
    token(null),
    token(['users', 0]),
    token({}),
    'no token',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const numbers = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 24, 1024, 10_000))

/** A value of a shape as the gateway gives it to operations: members may be missing, and say anything. */
function inputOf(schema: any, depth = 0): fc.Arbitrary<unknown> {
  if (schema.isStructSchema()) {
    const members = [...schema.structIterator()] as [string, any][]
    const model = Object.fromEntries(
      members.map(([name, member]) => [name, depth > 4 ? fc.constant(undefined) : inputOf(member, depth + 1)]),
    )
    return fc.record(model, { requiredKeys: [] })
  }
  if (schema.isListSchema()) return fc.array(inputOf(schema.getValueSchema(), depth + 1), { maxLength: 2 })
  if (schema.isMapSchema()) return fc.dictionary(texts, texts, { maxKeys: 2 })
  if (schema.isBlobSchema()) return fc.uint8Array({ maxLength: 20 })
  if (schema.isTimestampSchema()) return fc.date({ noInvalidDate: true })
  if (schema.isBooleanSchema()) return fc.boolean()
  if (schema.isNumericSchema()) return numbers
  return texts
}

/** @param known makes what the inputs may mean; asked before each operation, since some of them delete it */
async function expectAnswers(service: Service, numRuns: number, known: () => Promise<object>): Promise<void> {
  cloud.add(service)
  const { operations } = modelOf(service.name, await service.schemas())
  for (const name of Object.keys(service.operations)) {
    const names = await known()
    const input = fc
      .tuple(inputOf(operations.get(name)!.input), fc.boolean())
      .map(([value, isKnown]) => ({ ...(value as object), ...(isKnown && names) }))
    await fc.assert(
      fc.asyncProperty(input, async (value) => {
        const wrong = await cloud.as(service.name, name, value).then(
          () => undefined,
          (error) => (error instanceof AwsError ? undefined : error),
        )
        expect(wrong?.stack, `${name}(${JSON.stringify(value)})`).toBeUndefined()
      }),
      { numRuns, seed: 10 },
    )
  }
}

describe('inputs of any kind', () => {
  it('get an answer or an AWS error of Kinesis', async () => {
    await expectAnswers(createKinesis(cloud, { delayMs: 0 }), 50, async () => {
      await cloud.as('kinesis', 'CreateStream', { StreamName: 'users', ShardCount: 2 }).catch(() => {})
      return { StreamName: 'users' }
    })
  })

  it('get an answer or an AWS error of Firehose', async () => {
    cloud.fake('s3', { PutObject: () => ({}) })
    await expectAnswers(createFirehose(cloud, { delayMs: 0 }), 50, async () => {
      const ExtendedS3DestinationConfiguration = { RoleARN: role, BucketARN: 'arn:aws:s3:::lake' }
      const DeliveryStreamName = 'users'
      await cloud
        .as('firehose', 'CreateDeliveryStream', { DeliveryStreamName, ExtendedS3DestinationConfiguration })
        .catch(() => {})
      return { DeliveryStreamName }
    })
  })

  it('get an answer or an AWS error of Managed Flink', async () => {
    await expectAnswers(createKinesisAnalytics(cloud), 50, async () => {
      await cloud
        .as('kinesisanalytics', 'CreateApplication', {
          ApplicationName: 'users',
          RuntimeEnvironment: 'FLINK-2_2',
          ServiceExecutionRole: role,
          ApplicationConfiguration: {
            ApplicationCodeConfiguration: {
              CodeContentType: 'ZIPFILE',
              CodeContent: { S3ContentLocation: { BucketARN: 'arn:aws:s3:::lake', FileKey: 'code.zip' } },
            },
          },
        })
        .catch(() => {})
      return { ApplicationName: 'users' }
    })
  })
})
