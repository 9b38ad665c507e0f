/** Reads a Kinesis stream into a delivery stream, as the source's role, from the moment at which the delivery stream was made. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import type { DeliveryStream } from './delivery-stream.ts'

export interface KinesisSource {
  KinesisStreamARN: string
  RoleARN: string
}

const IDLE_MS = 200
const RETRY_MS = 1000
const LIMIT = 500

/** Resolves when the signal aborts. */
export async function pump(
  cloud: Cloud,
  source: KinesisSource,
  stream: DeliveryStream,
  since: Date,
  signal: AbortSignal,
): Promise<void> {
  const shards = new Map<string, string | undefined>()
  while (!signal.aborted) {
    try {
      const { principal } = cloud.assumeRole(source.RoleARN, 'firehose.amazonaws.com', stream.spec.name)
      const call = (operation: string, input: object) => cloud.call(principal, 'kinesis', operation, input)
      const { Shards } = await call('ListShards', { StreamARN: source.KinesisStreamARN })
      let isIdle = true
      for (const { ShardId } of Shards) {
        if (shards.has(ShardId) && shards.get(ShardId) === undefined) continue
        const iterator =
          shards.get(ShardId) ?? (await call('GetShardIterator', startOf(source, ShardId, stream, since))).ShardIterator
        const { Records, NextShardIterator } = await call('GetRecords', { ShardIterator: iterator, Limit: LIMIT })
        if (Records.length > 0) {
          isIdle = false
          await stream.put(
            Records.map((record: any) => record.Data),
            {
              source: {
                shardId: ShardId,
                records: Records.map((record: any) => ({
                  sequenceNumber: record.SequenceNumber,
                  partitionKey: record.PartitionKey,
                  arrivalMs: record.ApproximateArrivalTimestamp.getTime(),
                })),
              },
            },
          )
        }
        shards.set(ShardId, NextShardIterator)
      }
      if (isIdle) await sleep(IDLE_MS, undefined, { signal })
    } catch (error) {
      if (signal.aborted) return
      cloud.log('warn', `Firehose ${stream.spec.name} cannot read its source: ${(error as Error).message}`)
      // Iterators may have expired: the log knows how far each shard was taken.
      for (const [shard, iterator] of shards) if (iterator !== undefined) shards.delete(shard)
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {})
    }
  }
}

function startOf({ KinesisStreamARN: StreamARN }: KinesisSource, ShardId: string, stream: DeliveryStream, since: Date) {
  const position = stream.position(ShardId)
  return position === undefined
    ? { StreamARN, ShardId, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: since }
    : { StreamARN, ShardId, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: position }
}
