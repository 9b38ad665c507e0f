/** Sequence numbers and shard iterators: both say where in a shard a record is. */
import { AwsError } from '../../gateway/aws-error.ts'

const PREFIX = '49'
const INDEX_DIGITS = 35
const SHARD_DIGITS = 6
const CREATED_DIGITS = 13
const LENGTH = PREFIX.length + CREATED_DIGITS + SHARD_DIGITS + INDEX_DIGITS

/** 56 digits, as AWS's; larger for later records of a shard. */
export function sequenceNumber(streamCreatedAt: number, shard: number, index: number): string {
  const pad = (value: number, digits: number) => String(value).padStart(digits, '0')
  return PREFIX + pad(streamCreatedAt, CREATED_DIGITS) + pad(shard, SHARD_DIGITS) + pad(index, INDEX_DIGITS)
}

/** The record's number in its shard. @throws AwsError InvalidArgumentException when the number is not of this shard */
export function indexOf(sequence: string, streamCreatedAt: number, shard: number): number {
  const start = sequenceNumber(streamCreatedAt, shard, 0).slice(0, LENGTH - INDEX_DIGITS)
  if (/^\d+$/.test(sequence) && sequence.length === LENGTH && sequence.startsWith(start))
    return Number(sequence.slice(start.length))
  throw new AwsError(
    'InvalidArgumentException',
    `StartingSequenceNumber ${sequence} is invalid because it did not come from this stream and shard.`,
  )
}

export interface Iterator {
  stream: string
  createdAt: number
  shard: number
  index: number
}

const LIFE_MS = 300_000

export function writeIterator({ stream, createdAt, shard, index }: Iterator, now: number): string {
  return Buffer.from(JSON.stringify([stream, createdAt, shard, index, now])).toString('base64')
}

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0

/** @throws AwsError InvalidArgumentException, ExpiredIteratorException five minutes after it was given out */
export function readIterator(text: string, now: number): Iterator {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(text, 'base64').toString())
  } catch {
    throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.')
  }
  const isIterator =
    Array.isArray(parts) && parts.length === 5 && typeof parts[0] === 'string' && parts.slice(1).every(isCount)
  if (!isIterator) throw new AwsError('InvalidArgumentException', 'Invalid ShardIterator.')
  const [stream, createdAt, shard, index, givenAt] = parts as [string, number, number, number, number]
  if (now - givenAt > LIFE_MS)
    throw new AwsError(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${new Date(givenAt)} while right now it is ${new Date(now)} which is further in the future than the tolerated delay of ${LIFE_MS} milliseconds.`,
    )
  return { stream, createdAt, shard, index }
}
