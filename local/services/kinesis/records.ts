/** Putting and getting records. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { indexOf, readIterator, sequenceNumber, writeIterator } from './sequence.ts'
import { isOpen, type Shard, shardId, shardNumber } from './shards.ts'
import type { Store, StreamRecord } from './store.ts'
import { described, streamName } from './streams.ts'
import { Throttle } from './throttle.ts'

/** https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */
const MAX_RECORDS = 500
const MAX_REQUEST_BYTES = 10 * 1024 * 1024
const MAX_GET_BYTES = 10 * 1024 * 1024
const MAX_GET_RECORDS = 10_000
const KIB = 1024

interface Entry {
  Data: Uint8Array
  PartitionKey: string
  ExplicitHashKey?: string
}

type Answer = { SequenceNumber: string; ShardId: string } | { ErrorCode: string; ErrorMessage: string }

export function recordOperations(store: Store): Record<string, Operation> {
  const throttle = new Throttle(store.now)

  /** Writes entries to their shards, each shard's in order, and answers in the order of the entries. */
  const append = async (stream: StreamRecord, entries: Entry[]): Promise<Answer[]> => {
    const answers: Answer[] = new Array(entries.length)
    const byShard = new Map<Shard, number[]>()
    const route = store.route(stream)
    for (const [i, { PartitionKey, ExplicitHashKey, Data }] of entries.entries()) {
      const shard = route(PartitionKey, ExplicitHashKey)
      if (store.throttles && !throttle.admits(`${stream.name}/${shard.number}`, Data.length)) {
        answers[i] = {
          ErrorCode: 'ProvisionedThroughputExceededException',
          ErrorMessage: `Rate exceeded for shard ${shardId(shard.number)} in stream ${stream.name} under account ${store.account}.`,
        }
        continue
      }
      const places = byShard.get(shard)
      if (places) places.push(i)
      else byShard.set(shard, [i])
    }
    await Promise.all(
      [...byShard].map(async ([shard, places]) => {
        const records = places.map((i) => ({ partitionKey: entries[i]!.PartitionKey, data: entries[i]!.Data }))
        const first = await store.log(stream, shard).append(records, store.now())
        for (const [k, i] of places.entries())
          answers[i] = {
            SequenceNumber: sequenceNumber(stream.createdAt, shard.number, first + k),
            ShardId: shardId(shard.number),
          }
      }),
    )
    const taken = entries.filter((_entry, i) => 'ShardId' in answers[i]!)
    const { metrics } = store
    metrics.add(stream.name, 'IncomingRecords', taken.length)
    metrics.add(
      stream.name,
      'IncomingBytes',
      taken.reduce((sum, { Data }) => sum + Data.length, 0),
      'Bytes',
    )
    metrics.add(stream.name, 'WriteProvisionedThroughputExceeded', entries.length - taken.length)
    return answers
  }

  const writable = (input: any): StreamRecord => {
    const stream = store.get(streamName(input))
    const status = store.status(stream)
    if (status === 'ACTIVE' || status === 'UPDATING') return stream
    throw new AwsError('ResourceNotFoundException', `Stream ${stream.name} under account ${store.account} not found.`)
  }

  return {
    async PutRecord(input) {
      const stream = writable(input)
      checkEntry(stream, input, 'data', 'partitionKey')
      const [answer] = await append(stream, [input])
      if ('ErrorCode' in answer!) throw new AwsError(answer.ErrorCode, answer.ErrorMessage)
      return { ...answer, EncryptionType: 'NONE' }
    },

    async PutRecords(input) {
      const stream = writable(input)
      const entries: Entry[] = input.Records ?? []
      if (entries.length < 1 || entries.length > MAX_RECORDS)
        throw invalid(
          'records',
          `Member must have length ${entries.length < 1 ? 'greater than or equal to 1' : `less than or equal to ${MAX_RECORDS}`}`,
        )
      let bytes = 0
      for (const [i, entry] of entries.entries()) {
        checkEntry(stream, entry, `records.${i + 1}.member.data`, `records.${i + 1}.member.partitionKey`)
        bytes += entry.Data.length + Buffer.byteLength(entry.PartitionKey)
      }
      if (bytes > MAX_REQUEST_BYTES) throw new AwsError('InvalidArgumentException', 'Records size exceeds 10 MB limit')
      const Records = await append(stream, entries)
      return {
        FailedRecordCount: Records.filter((answer) => 'ErrorCode' in answer).length,
        Records,
        EncryptionType: 'NONE',
      }
    },

    GetShardIterator(input) {
      const stream = store.get(streamName(input))
      const shard = stream.shards[shardNumber(input.ShardId)]
      if (!shard)
        throw new AwsError(
          'ResourceNotFoundException',
          `Shard ${input.ShardId} in stream ${stream.name} under account ${store.account} does not exist`,
        )
      const index = startOf(store, stream, shard, input)
      return {
        ShardIterator: writeIterator(
          { stream: stream.name, createdAt: stream.createdAt, shard: shard.number, index },
          store.now(),
        ),
      }
    },

    GetRecords({ ShardIterator, Limit = MAX_GET_RECORDS }) {
      if (Limit < 1 || Limit > MAX_GET_RECORDS)
        throw invalid('limit', `Member must have value between 1 and ${MAX_GET_RECORDS}`)
      const now = store.now()
      const iterator = readIterator(ShardIterator, now)
      const stream = store.get(iterator.stream)
      const shard = stream.shards[iterator.shard]
      if (stream.createdAt !== iterator.createdAt || !shard)
        throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.')
      const log = store.log(stream, shard)
      const from = Math.max(iterator.index, store.trimHorizon(stream, shard))
      const records = log.read(from, Limit, MAX_GET_BYTES)
      const index = records.length > 0 ? records.at(-1)!.index + 1 : from
      const isOver = !isOpen(shard) && index >= log.end
      const behindMs =
        index >= log.end || records.length === 0 ? 0 : Math.max(0, Math.round(now - records.at(-1)!.arrivalMs))
      store.metrics.add(stream.name, 'GetRecords.Records', records.length)
      store.metrics.add(stream.name, 'GetRecords.IteratorAgeMilliseconds', behindMs, 'Milliseconds')
      return {
        Records: records.map((record) => ({
          SequenceNumber: sequenceNumber(stream.createdAt, shard.number, record.index),
          ApproximateArrivalTimestamp: new Date(record.arrivalMs),
          Data: record.data,
          PartitionKey: record.partitionKey,
          EncryptionType: 'NONE',
        })),
        MillisBehindLatest: behindMs,
        ...(isOver
          ? { ChildShards: children(stream, shard) }
          : { NextShardIterator: writeIterator({ ...iterator, index }, now) }),
      }
    },
  }
}

function startOf(store: Store, stream: StreamRecord, shard: Shard, input: any): number {
  const log = store.log(stream, shard)
  const { StartingSequenceNumber: sequence, Timestamp } = input
  const need = (value: unknown, name: string) => {
    if (value === undefined)
      throw new AwsError(
        'InvalidArgumentException',
        `${name} is required for the iterator type ${input.ShardIteratorType}.`,
      )
  }
  switch (input.ShardIteratorType) {
    case 'TRIM_HORIZON':
      return store.trimHorizon(stream, shard)
    case 'LATEST':
      return log.end
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER':
      need(sequence, 'StartingSequenceNumber')
      return (
        indexOf(sequence, stream.createdAt, shard.number) + (input.ShardIteratorType === 'AT_SEQUENCE_NUMBER' ? 0 : 1)
      )
    case 'AT_TIMESTAMP':
      need(Timestamp, 'Timestamp')
      return log.indexAt(new Date(Timestamp).getTime())
    default:
      throw invalid(
        'shardIteratorType',
        'Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]',
      )
  }
}

function children(stream: StreamRecord, shard: Shard) {
  return stream.shards
    .filter((one) => one.parent === shard.number || one.adjacentParent === shard.number)
    .map((child) => {
      const { ShardId, HashKeyRange } = described(stream, child)
      const parents = [child.parent, child.adjacentParent].filter((number) => number !== undefined)
      return { ShardId, ParentShards: parents.map(shardId), HashKeyRange }
    })
}

function checkEntry(stream: StreamRecord, { Data, PartitionKey }: Entry, dataPath: string, keyPath: string): void {
  if (!PartitionKey || PartitionKey.length > 256)
    throw invalid(
      keyPath,
      `Member must have length ${PartitionKey ? 'less than or equal to 256' : 'greater than or equal to 1'}`,
    )
  if (!Data) throw invalid(dataPath, 'Member must not be null')
  const limit = stream.maxRecordKiB * KIB
  if (Data.length + Buffer.byteLength(PartitionKey) > limit)
    throw invalid(dataPath, `Member must have length less than or equal to ${limit}`)
}

function invalid(path: string, constraint: string): AwsError {
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value at '${path}' failed to satisfy constraint: ${constraint}`,
  )
}
