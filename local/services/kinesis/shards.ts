/**
 * Shards of a stream: which part of the 128-bit hash space is whose, and how parts are split and merged
 * (https://docs.aws.amazon.com/streams/latest/dev/kinesis-using-sdk-java-resharding.html).
 */
import { hash } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'

export interface Shard {
  /** Counts from 0 over the stream's life; the shard's id is made of it. */
  number: number
  /** Decimal, both inclusive. */
  startingHashKey: string
  endingHashKey: string
  parent?: number
  adjacentParent?: number
  createdAt: number
  /** How many records it had when it was closed; undefined while it takes records. */
  closedAt?: number
}

const HASH_SPACE = 2n ** 128n
const HASH_KEY = /^(0|[1-9]\d{0,38})$/

export const shardId = (number: number): string => `shardId-${String(number).padStart(12, '0')}`

export const shardNumber = (id: string): number => (/^shardId-\d{12}$/.test(id) ? Number(id.slice(-12)) : -1)

export const isOpen = (shard: Shard): boolean => shard.closedAt === undefined

/** The hash space in equal parts. */
export function evenly(count: number, from: number, createdAt: number): Shard[] {
  const width = HASH_SPACE / BigInt(count)
  return Array.from({ length: count }, (_, i) => ({
    number: from + i,
    startingHashKey: String(width * BigInt(i)),
    endingHashKey: String(i === count - 1 ? HASH_SPACE - 1n : width * BigInt(i + 1) - 1n),
    createdAt,
  }))
}

/** MD5 of the partition key, as a number, or the explicit key in its place. */
export function hashKey(partitionKey: string, explicit: string | undefined): bigint {
  if (explicit === undefined) return BigInt(`0x${hash('md5', partitionKey)}`)
  if (!HASH_KEY.test(explicit) || BigInt(explicit) >= HASH_SPACE)
    throw new AwsError(
      'InvalidArgumentException',
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${explicit}`,
    )
  return BigInt(explicit)
}

/** Finds the open shard of a hash key. */
export function router(shards: Shard[]): (partitionKey: string, explicit: string | undefined) => Shard {
  const open = shards.filter(isOpen).map((shard) => ({ shard, end: BigInt(shard.endingHashKey) }))
  open.sort((a, b) => (a.end < b.end ? -1 : 1))
  const [only] = open
  return (partitionKey, explicit) => {
    if (open.length === 1 && explicit === undefined) return only!.shard
    const key = hashKey(partitionKey, explicit)
    return open.find(({ end }) => key <= end)!.shard
  }
}

/** Two shards in place of one. @throws AwsError InvalidArgumentException when the new key is not inside */
export function split(shard: Shard, newStart: string, next: number, now: number): [Shard, Shard] {
  const [low, high] = [BigInt(shard.startingHashKey), BigInt(shard.endingHashKey)]
  const start = HASH_KEY.test(newStart) ? BigInt(newStart) : -1n
  if (start <= low || start >= high)
    throw new AwsError(
      'InvalidArgumentException',
      `NewStartingHashKey ${newStart} used in SplitShard() on shard ${shardId(shard.number)} is not both greater than one plus the shard's StartingHashKey ${low} and less than the shard's EndingHashKey ${BigInt(high) - 1n}.`,
    )
  return [
    {
      number: next,
      startingHashKey: String(low),
      endingHashKey: String(start - 1n),
      parent: shard.number,
      createdAt: now,
    },
    {
      number: next + 1,
      startingHashKey: String(start),
      endingHashKey: String(high),
      parent: shard.number,
      createdAt: now,
    },
  ]
}

/** One shard in place of two neighbours. @throws AwsError InvalidArgumentException when they are none */
export function merge(shard: Shard, adjacent: Shard, next: number, now: number): Shard {
  const [left, right] =
    BigInt(shard.startingHashKey) < BigInt(adjacent.startingHashKey) ? [shard, adjacent] : [adjacent, shard]
  if (BigInt(left.endingHashKey) + 1n !== BigInt(right.startingHashKey))
    throw new AwsError(
      'InvalidArgumentException',
      `Shards ${shardId(shard.number)} and ${shardId(adjacent.number)} are not an adjacent pair of shards eligible for merging.`,
    )
  return {
    number: next,
    startingHashKey: left.startingHashKey,
    endingHashKey: right.endingHashKey,
    parent: shard.number,
    adjacentParent: adjacent.number,
    createdAt: now,
  }
}
