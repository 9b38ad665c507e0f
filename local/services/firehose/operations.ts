/** The operations of Firehose (https://docs.aws.amazon.com/firehose/latest/APIReference/API_Operations.html). */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { checkDestination } from './configuration.ts'
import type { Store, StreamRecord } from './store.ts'

/** https://docs.aws.amazon.com/firehose/latest/dev/limits.html */
const MAX_RECORDS = 500
const MAX_RECORD_BYTES = 1000 * 1024
const MAX_BATCH_BYTES = 4 * 1024 * 1024
const DESTINATION_ID = 'destinationId-000000000001'

export function createOperations(store: Store): Record<string, Operation> {
  const takes = (name: string): StreamRecord => {
    const record = store.get(name)
    if (record.type !== 'DirectPut')
      throw new AwsError(
        'InvalidArgumentException',
        `This operation is not permitted on KinesisStreamAsSource delivery stream type.`,
      )
    if (record.deleting)
      throw new AwsError('ResourceNotFoundException', `Firehose ${name} under account ${store.account} not found.`)
    return record
  }
  const check = (data: Uint8Array | undefined): Uint8Array => {
    if (!data)
      throw new AwsError(
        'InvalidArgumentException',
        "1 validation error detected: Value null at 'record.data' failed to satisfy constraint: Member must not be null",
      )
    if (data.length > MAX_RECORD_BYTES)
      throw new AwsError(
        'InvalidArgumentException',
        `Record size exceeds the limit of ${MAX_RECORD_BYTES} bytes: it has ${data.length}.`,
      )
    return data
  }

  return {
    CreateDeliveryStream(input) {
      const { DeliveryStreamName: name, DeliveryStreamType: type = 'DirectPut', Tags = [] } = input
      if (!name || !/^[\w.-]{1,64}$/.test(name))
        throw new AwsError(
          'InvalidArgumentException',
          `1 validation error detected: Value '${name}' at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
        )
      if (store.find(name))
        throw new AwsError('ResourceInUseException', `Firehose ${name} under accountId ${store.account} already exists`)
      refuseOthers(input, type)
      if (!input.ExtendedS3DestinationConfiguration)
        throw new AwsError(
          'InvalidArgumentException',
          'The local Firehose delivers to S3 with an ExtendedS3DestinationConfiguration only.',
        )
      if (type === 'KinesisStreamAsSource' && !input.KinesisStreamSourceConfiguration)
        throw new AwsError(
          'InvalidArgumentException',
          'KinesisStreamSourceConfiguration is required for the type KinesisStreamAsSource.',
        )
      const arn = store.arnOf(name)
      store.create({
        name,
        arn,
        type,
        destination: checkDestination(input.ExtendedS3DestinationConfiguration),
        tags: Object.fromEntries(Tags.map(({ Key, Value }: any) => [Key, Value ?? ''])),
        ...(type === 'KinesisStreamAsSource' && { source: input.KinesisStreamSourceConfiguration }),
      })
      store.running(name)
      return { DeliveryStreamARN: arn }
    },

    DeleteDeliveryStream: ({ DeliveryStreamName }) => store.delete(DeliveryStreamName),

    DescribeDeliveryStream: ({ DeliveryStreamName }) => ({
      DeliveryStreamDescription: described(store, store.get(DeliveryStreamName)),
    }),

    ListDeliveryStreams({ Limit = 10, ExclusiveStartDeliveryStreamName: after = '', DeliveryStreamType: type }) {
      const rest = store.list().filter((one) => one.name > after && (!type || one.type === type))
      return {
        DeliveryStreamNames: rest.slice(0, Limit).map((one) => one.name),
        HasMoreDeliveryStreams: rest.length > Limit,
      }
    },

    UpdateDestination(input) {
      const record = store.get(input.DeliveryStreamName)
      if (String(record.version) !== input.CurrentDeliveryStreamVersionId)
        throw new AwsError(
          'ConcurrentModificationException',
          `Cannot update firehose: ${record.name} since the current version id: ${record.version} and specified version id: ${input.CurrentDeliveryStreamVersionId} do not match`,
        )
      const update = input.ExtendedS3DestinationUpdate
      if (!update)
        throw new AwsError('InvalidArgumentException', 'The local Firehose takes an ExtendedS3DestinationUpdate only.')
      store.put({
        ...record,
        destination: checkDestination({ ...record.destination, ...update }),
        version: record.version + 1,
        updatedAt: Date.now(),
      })
    },

    async PutRecord({ DeliveryStreamName, Record }) {
      takes(DeliveryStreamName)
      await store.running(DeliveryStreamName).put([check(Record?.Data)])
      return { RecordId: randomUUID(), Encrypted: false }
    },

    /** `LocalProducer` is no member of AWS's: callers inside of the process may say who they are, so that nothing they repeat counts twice. */
    async PutRecordBatch({ DeliveryStreamName, Records = [], LocalProducer: producer }) {
      takes(DeliveryStreamName)
      if (Records.length < 1 || Records.length > MAX_RECORDS)
        throw new AwsError(
          'InvalidArgumentException',
          `${Records.length} records were given; a batch takes 1 to ${MAX_RECORDS}.`,
        )
      const records: Uint8Array[] = Records.map((record: any) => check(record?.Data))
      const bytes = records.reduce((sum, record) => sum + record.length, 0)
      if (bytes > MAX_BATCH_BYTES)
        throw new AwsError(
          'InvalidArgumentException',
          `Batch size exceeds the limit of ${MAX_BATCH_BYTES} bytes: it has ${bytes}.`,
        )
      await store.running(DeliveryStreamName).put(records, producer ? { producer } : {})
      return { FailedPutCount: 0, Encrypted: false, RequestResponses: records.map(() => ({ RecordId: randomUUID() })) }
    },

    TagDeliveryStream({ DeliveryStreamName, Tags = [] }) {
      const record = store.get(DeliveryStreamName)
      const added = Object.fromEntries(Tags.map(({ Key, Value }: any) => [Key, Value ?? '']))
      store.put({ ...record, tags: { ...record.tags, ...added } })
      return {}
    },

    UntagDeliveryStream({ DeliveryStreamName, TagKeys = [] }) {
      const record = store.get(DeliveryStreamName)
      store.put({
        ...record,
        tags: Object.fromEntries(Object.entries(record.tags).filter(([key]) => !TagKeys.includes(key))),
      })
      return {}
    },

    ListTagsForDeliveryStream({ DeliveryStreamName }) {
      const { tags } = store.get(DeliveryStreamName)
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })), HasMoreTags: false }
    },
  }
}

const KNOWN = new Set([
  'DeliveryStreamName',
  'DeliveryStreamType',
  'ExtendedS3DestinationConfiguration',
  'KinesisStreamSourceConfiguration',
  'Tags',
])

function refuseOthers(input: object, type: string): void {
  if (type !== 'DirectPut' && type !== 'KinesisStreamAsSource')
    throw new AwsError(
      'InvalidArgumentException',
      `The local Firehose has no sources of type ${type}: there are DirectPut and KinesisStreamAsSource.`,
    )
  const other = Object.entries(input).find(([name, value]) => value !== undefined && !KNOWN.has(name))
  if (other) throw new AwsError('InvalidArgumentException', `The local Firehose does not emulate ${other[0]}.`)
}

function described(store: Store, record: StreamRecord) {
  const { name, arn, type, version, createdAt, updatedAt, destination, source } = record
  return {
    DeliveryStreamName: name,
    DeliveryStreamARN: arn,
    DeliveryStreamStatus: store.status(record),
    DeliveryStreamType: type,
    VersionId: String(version),
    CreateTimestamp: new Date(createdAt),
    ...(updatedAt !== undefined && { LastUpdateTimestamp: new Date(updatedAt) }),
    ...(source && {
      Source: { KinesisStreamSourceDescription: { ...source, DeliveryStartTimestamp: new Date(createdAt) } },
    }),
    Destinations: [{ DestinationId: DESTINATION_ID, ExtendedS3DestinationDescription: destination }],
    HasMoreDestinations: false,
  }
}
