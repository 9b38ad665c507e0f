/** Operations on streams and their shards (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html). */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { sequenceNumber } from './sequence.ts'
import { evenly, isOpen, merge, type Shard, shardId, shardNumber, split } from './shards.ts'
import type { Store, StreamRecord } from './store.ts'

const ON_DEMAND_SHARDS = 4
const DEFAULT_RETENTION_HOURS = 24
const MAX_RETENTION_HOURS = 8760
const DEFAULT_MAX_RECORD_KIB = 1024
const LARGEST_MAX_RECORD_KIB = 10_240
const SHARD_LIMIT = 500

/** The stream that an input means, by name or ARN. */
export function streamName({ StreamName, StreamARN, ResourceARN }: any): string {
  const arn: string | undefined = StreamARN ?? ResourceARN
  const name = StreamName ?? arn?.split(':stream/')[1]
  if (name === undefined)
    throw new AwsError('InvalidArgumentException', 'Either StreamName or StreamARN should be provided.')
  return name
}

export function streamOperations(store: Store): Record<string, Operation> {
  const get = (input: any) => store.get(streamName(input))
  const active = (input: any): StreamRecord => {
    const stream = get(input)
    if (store.status(stream) === 'ACTIVE') return stream
    throw new AwsError(
      'ResourceInUseException',
      `Stream ${stream.name} under account ${store.account} not ACTIVE, instead in state ${store.status(stream)}`,
    )
  }
  const shardOf = (stream: StreamRecord, id: string): Shard => {
    const shard = stream.shards[shardNumber(id)]
    if (!shard)
      throw new AwsError(
        'ResourceNotFoundException',
        `Could not find shard ${id} in stream ${stream.name} under account ${store.account}.`,
      )
    return shard
  }
  const provisioned = (stream: StreamRecord): void => {
    if (stream.mode === 'ON_DEMAND')
      throw new AwsError(
        'ValidationException',
        `The stream ${stream.name} is in ON_DEMAND mode: its shards are not yours to change.`,
      )
  }
  /** Closes shards and adds their successors. */
  const reshard = (stream: StreamRecord, closed: Shard[], added: Shard[]): void => {
    const shards = stream.shards.map((shard) =>
      closed.includes(shard) ? { ...shard, closedAt: store.log(stream, shard).end } : shard,
    )
    store.pend({ ...stream, shards: [...shards, ...added] }, 'UPDATING')
  }
  const openShard = (stream: StreamRecord, id: string): Shard => {
    const shard = shardOf(stream, id)
    if (isOpen(shard)) return shard
    throw new AwsError(
      'InvalidArgumentException',
      `Shard ${id} in stream ${stream.name} under account ${store.account} has already been merged or split, and thus is not eligible for merging or splitting.`,
    )
  }

  return {
    CreateStream({
      StreamName: name,
      ShardCount,
      StreamModeDetails,
      Tags = {},
      MaxRecordSizeInKiB = DEFAULT_MAX_RECORD_KIB,
    }) {
      if (!name || !/^[\w.-]{1,128}$/.test(name))
        throw new AwsError(
          'ValidationException',
          `1 validation error detected: Value '${name}' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
        )
      if (store.find(name))
        throw new AwsError('ResourceInUseException', `Stream ${name} under account ${store.account} already exists.`)
      const mode = StreamModeDetails?.StreamMode ?? 'PROVISIONED'
      if (mode === 'ON_DEMAND' && ShardCount !== undefined)
        throw new AwsError('ValidationException', 'ShardCount must not be given for a stream in ON_DEMAND mode.')
      checkMode(mode)
      if (mode === 'PROVISIONED' && !(ShardCount >= 1))
        throw new AwsError(
          'InvalidArgumentException',
          'ShardCount is a required parameter for a stream in PROVISIONED mode, and at least 1.',
        )
      if (ShardCount > SHARD_LIMIT)
        throw new AwsError(
          'LimitExceededException',
          `This request would exceed the shard limit for the account ${store.account}. Limit: ${SHARD_LIMIT}.`,
        )
      const createdAt = store.now()
      const stream: StreamRecord = {
        name,
        arn: store.arnOf(name),
        createdAt,
        mode,
        shards: evenly(mode === 'ON_DEMAND' ? ON_DEMAND_SHARDS : ShardCount, 0, createdAt),
        retentionHours: DEFAULT_RETENTION_HOURS,
        tags: { ...Tags },
        maxRecordKiB: MaxRecordSizeInKiB,
      }
      store.pend(stream, 'CREATING')
    },

    DeleteStream(input) {
      const stream = get(input)
      if (store.status(stream) !== 'DELETING') store.pend(stream, 'DELETING')
    },

    ListStreams({ Limit = 100, ExclusiveStartStreamName, NextToken }) {
      const after = NextToken ?? ExclusiveStartStreamName ?? ''
      checkLimit('limit', Limit)
      const rest = store.list().filter((stream) => stream.name > after)
      const page = rest.slice(0, Limit)
      const HasMoreStreams = rest.length > page.length
      return {
        StreamNames: page.map((stream) => stream.name),
        HasMoreStreams,
        ...(HasMoreStreams && { NextToken: page.at(-1)!.name }),
        StreamSummaries: page.map((stream) => ({
          StreamName: stream.name,
          StreamARN: stream.arn,
          StreamStatus: store.status(stream),
          StreamModeDetails: { StreamMode: stream.mode },
          StreamCreationTimestamp: new Date(stream.createdAt),
        })),
      }
    },

    DescribeStreamSummary(input) {
      const stream = get(input)
      return {
        StreamDescriptionSummary: {
          ...common(store, stream),
          OpenShardCount: stream.shards.filter(isOpen).length,
          ConsumerCount: 0,
          MaxRecordSizeInKiB: stream.maxRecordKiB,
        },
      }
    },

    DescribeStream(input) {
      const stream = get(input)
      const { Limit = 100, ExclusiveStartShardId } = input
      checkLimit('limit', Limit)
      const rest = stream.shards.filter(
        (shard) => !ExclusiveStartShardId || shard.number > shardNumber(ExclusiveStartShardId),
      )
      return {
        StreamDescription: {
          ...common(store, stream),
          Shards: rest.slice(0, Limit).map((shard) => described(stream, shard)),
          HasMoreShards: rest.length > Limit,
        },
      }
    },

    ListShards(input) {
      const [name, after] = input.NextToken
        ? nextToken(input.NextToken)
        : [streamName(input), input.ExclusiveStartShardId]
      const stream = store.get(name)
      const { MaxResults = 1000, ShardFilter } = input
      checkLimit('maxResults', MaxResults)
      const rest = stream.shards.filter((shard) => {
        if (after !== undefined && shard.number <= shardNumber(after)) return false
        if (ShardFilter?.Type === 'AT_LATEST') return isOpen(shard)
        return ShardFilter?.Type !== 'AFTER_SHARD_ID' || shard.number > shardNumber(ShardFilter.ShardId)
      })
      const page = rest.slice(0, MaxResults)
      const more = rest.length > page.length
      return {
        Shards: page.map((shard) => described(stream, shard)),
        ...(more && {
          NextToken: Buffer.from(JSON.stringify([name, shardId(page.at(-1)!.number)])).toString('base64'),
        }),
      }
    },

    SplitShard(input) {
      const stream = active(input)
      provisioned(stream)
      const shard = openShard(stream, input.ShardToSplit)
      reshard(stream, [shard], split(shard, input.NewStartingHashKey, stream.shards.length, store.now()))
    },

    MergeShards(input) {
      const stream = active(input)
      provisioned(stream)
      const [shard, adjacent] = [openShard(stream, input.ShardToMerge), openShard(stream, input.AdjacentShardToMerge)]
      reshard(stream, [shard, adjacent], [merge(shard, adjacent, stream.shards.length, store.now())])
    },

    UpdateShardCount(input) {
      const stream = active(input)
      provisioned(stream)
      const open = stream.shards.filter(isOpen)
      const { TargetShardCount: target } = input
      if (!(target >= 1) || target > open.length * 2 || target < Math.ceil(open.length / 2))
        throw new AwsError(
          'LimitExceededException',
          `UpdateShardCount cannot scale to ${target}: from ${open.length} shards it goes to at least ${Math.ceil(open.length / 2)} and at most ${open.length * 2}.`,
        )
      reshard(stream, open, evenly(target, stream.shards.length, store.now()))
      return {
        StreamName: stream.name,
        StreamARN: stream.arn,
        CurrentShardCount: open.length,
        TargetShardCount: target,
      }
    },

    UpdateStreamMode(input) {
      const stream = active(input)
      const mode = input.StreamModeDetails?.StreamMode
      checkMode(mode)
      store.pend({ ...stream, mode }, 'UPDATING')
    },

    IncreaseStreamRetentionPeriod(input) {
      const stream = active(input)
      const hours: number = input.RetentionPeriodHours
      if (!(hours <= MAX_RETENTION_HOURS && hours >= stream.retentionHours))
        throw new AwsError('InvalidArgumentException', retention(stream, hours, 'longer'))
      store.put({ ...stream, retentionHours: hours })
    },

    DecreaseStreamRetentionPeriod(input) {
      const stream = active(input)
      const hours: number = input.RetentionPeriodHours
      if (!(hours >= DEFAULT_RETENTION_HOURS && hours <= stream.retentionHours))
        throw new AwsError('InvalidArgumentException', retention(stream, hours, 'shorter'))
      store.put({ ...stream, retentionHours: hours })
    },

    UpdateMaxRecordSize(input) {
      const stream = active(input)
      const size: number = input.MaxRecordSizeInKiB
      if (!(size >= DEFAULT_MAX_RECORD_KIB && size <= LARGEST_MAX_RECORD_KIB))
        throw new AwsError(
          'ValidationException',
          `MaxRecordSizeInKiB must be from ${DEFAULT_MAX_RECORD_KIB} to ${LARGEST_MAX_RECORD_KIB}, and is ${size}.`,
        )
      store.put({ ...stream, maxRecordKiB: size })
    },

    DescribeLimits() {
      const streams = store.list()
      const open = streams.filter((one) => one.mode === 'PROVISIONED').flatMap((stream) => stream.shards.filter(isOpen))
      return {
        ShardLimit: SHARD_LIMIT,
        OpenShardCount: open.length,
        OnDemandStreamCount: streams.filter((stream) => stream.mode === 'ON_DEMAND').length,
        OnDemandStreamCountLimit: 50,
      }
    },

    RegisterStreamConsumer() {
      throw new AwsError(
        'InvalidArgumentException',
        "The local Kinesis has no enhanced fan-out: read with GetShardIterator and GetRecords (in Flink: 'source.reader.type' = 'POLLING').",
      )
    },

    ListStreamConsumers(input) {
      store.get(streamName(input))
      return { Consumers: [] }
    },
    ...tagOperations(store),
  }
}

function tagOperations(store: Store): Record<string, Operation> {
  const add = (input: any) => {
    const stream = store.get(streamName(input))
    store.put({ ...stream, tags: { ...stream.tags, ...input.Tags } })
  }
  const remove = (input: any) => {
    const stream = store.get(streamName(input))
    store.put({
      ...stream,
      tags: Object.fromEntries(Object.entries(stream.tags).filter(([key]) => !(input.TagKeys ?? []).includes(key))),
    })
  }
  const tags = (input: any) => Object.entries(store.get(streamName(input)).tags).map(([Key, Value]) => ({ Key, Value }))
  return {
    AddTagsToStream: add,
    TagResource: add,
    RemoveTagsFromStream: remove,
    UntagResource: remove,
    ListTagsForStream: (input) => ({ Tags: tags(input), HasMoreTags: false }),
    ListTagsForResource: (input) => ({ Tags: tags(input) }),
  }
}

function common(store: Store, stream: StreamRecord) {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: store.status(stream),
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(stream.createdAt),
    EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
    EncryptionType: 'NONE',
  }
}

export function described(stream: StreamRecord, shard: Shard) {
  const at = (index: number) => sequenceNumber(stream.createdAt, shard.number, index)
  return {
    ShardId: shardId(shard.number),
    ...(shard.parent !== undefined && { ParentShardId: shardId(shard.parent) }),
    ...(shard.adjacentParent !== undefined && { AdjacentParentShardId: shardId(shard.adjacentParent) }),
    HashKeyRange: { StartingHashKey: shard.startingHashKey, EndingHashKey: shard.endingHashKey },
    SequenceNumberRange: {
      StartingSequenceNumber: at(0),
      ...(shard.closedAt !== undefined && { EndingSequenceNumber: at(Math.max(0, shard.closedAt - 1)) }),
    },
  }
}

function retention(stream: StreamRecord, hours: number, direction: string): string {
  return `The retention of the stream ${stream.name} is ${stream.retentionHours} hours; ${hours} hours is not ${direction}, or not between ${DEFAULT_RETENTION_HOURS} and ${MAX_RETENTION_HOURS}.`
}

function checkMode(mode: unknown): void {
  if (mode !== 'PROVISIONED' && mode !== 'ON_DEMAND')
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${mode}' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]`,
    )
}

function checkLimit(name: string, limit: number): void {
  if (!(limit >= 1))
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${limit}' at '${name}' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    )
}

/** Where ListShards goes on. @throws AwsError InvalidArgumentException */
export function nextToken(token: string): [name: string, after: string] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64').toString())
    if (Array.isArray(parts) && typeof parts[0] === 'string' && typeof parts[1] === 'string')
      return [parts[0], parts[1]]
  } catch {
    // No JSON: no token either.
  }
  throw new AwsError('InvalidArgumentException', 'Invalid NextToken.')
}
