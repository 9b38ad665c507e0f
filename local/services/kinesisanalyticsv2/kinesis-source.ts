/**
 * The connector `kinesis`: reads a stream's shards by polling (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/kinesis/).
 * Records of several shards come in the order of their arrival, as far as they are there, so that a lagging shard makes no record late.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import type { Source } from '../../engines/flink-sql/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import { CodeError } from './code.ts'

interface Shard {
  ShardId: string
  ParentShardId?: string
  AdjacentParentShardId?: string
}

interface KinesisRecord {
  SequenceNumber: string
  ApproximateArrivalTimestamp: Date
  Data: Uint8Array
}

/** How far each shard was read; `END` for one that is closed and read to its end. */
interface ShardPositions {
  /** From when on shards are read that are not named here: milliseconds, or TRIM_HORIZON. */
  start: number | 'TRIM_HORIZON'
  shards: Record<string, string>
}

interface Reader {
  shard: string
  iterator: string | undefined
  /** Read and not yet given out. */
  waiting: KinesisRecord[]
  isBehind: boolean
}

const END = 'END'
const LIMIT = 2000
const IDLE_MS = 50
const LIST_EVERY_MS = 5000
const OPTIONS = new Set([
  'connector',
  'stream.arn',
  'aws.region',
  'source.init.position',
  'source.init.timestamp',
  'source.reader.type',
])

/** @throws CodeError for options that are missing, wrong or not emulated */
export function kinesisSource(cloud: Cloud, principal: Principal, options: Record<string, string>): Source {
  if (options.connector !== 'kinesis')
    throw new CodeError(`The source's connector is '${options.connector}'; there is 'kinesis'.`)
  const other = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (other) throw new CodeError(`The local kinesis connector does not take the option '${other}'.`)
  const { 'stream.arn': StreamARN, 'source.reader.type': reader = 'POLLING' } = options
  if (!StreamARN) throw new CodeError("The kinesis connector needs the option 'stream.arn'.")
  if (reader !== 'POLLING') throw new CodeError(`The local kinesis connector reads by POLLING, not '${reader}'.`)
  const start = startOf(options)
  return new KinesisSource(
    (operation, input) => cloud.call(principal, 'kinesis', operation, { StreamARN, ...input }),
    start,
  )
}

function startOf({
  'source.init.position': position = 'LATEST',
  'source.init.timestamp': timestamp,
}: Record<string, string>): ShardPositions['start'] {
  switch (position) {
    case 'TRIM_HORIZON':
      return position
    case 'LATEST':
      return Date.now()
    case 'AT_TIMESTAMP': {
      const seconds = Number(timestamp)
      const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(timestamp ?? '')
      if (Number.isNaN(ms))
        throw new CodeError(
          `'source.init.timestamp' is '${timestamp}': write seconds, or 2026-01-31T10:00:00.000-00:00.`,
        )
      return ms
    }
    default:
      throw new CodeError(`'source.init.position' is '${position}'; there are LATEST, TRIM_HORIZON and AT_TIMESTAMP.`)
  }
}

class KinesisSource implements Source {
  readonly #call: (operation: string, input: object) => Promise<any>
  readonly #start: ShardPositions['start']
  readonly #readers = new Map<string, Reader>()
  #listedAt = 0

  constructor(call: (operation: string, input: object) => Promise<any>, start: ShardPositions['start']) {
    this.#call = call
    this.#start = start
  }

  async read(position: unknown, signal: AbortSignal) {
    const known = (position as ShardPositions | undefined) ?? { start: this.#start, shards: {} }
    const positions: ShardPositions = { start: known.start, shards: { ...known.shards } }
    if (this.#readers.size === 0 || Date.now() - this.#listedAt > LIST_EVERY_MS) await this.#list(positions)
    await Promise.all([...this.#readers.values()].map((reader) => this.#fill(reader, positions)))
    const records = this.#inOrder(positions)
    if (records.length === 0) await sleep(IDLE_MS, undefined, { signal }).catch(() => {})
    return { records, position: positions }
  }

  /** Begins with new shards, but with a child only when its parents are read to their ends. */
  async #list(positions: ShardPositions): Promise<void> {
    this.#listedAt = Date.now()
    const shards: Shard[] = []
    let NextToken: string | undefined
    do {
      const page = await this.#call('ListShards', NextToken ? { NextToken, StreamARN: undefined } : {})
      shards.push(...page.Shards)
      NextToken = page.NextToken
    } while (NextToken)
    const ids = new Set(shards.map((shard) => shard.ShardId))
    const isRead = (id: string | undefined) => id === undefined || !ids.has(id) || positions.shards[id] === END
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of shards) {
      if (this.#readers.has(ShardId) || positions.shards[ShardId] === END) continue
      if (isRead(ParentShardId) && isRead(AdjacentParentShardId))
        this.#readers.set(ShardId, { shard: ShardId, iterator: undefined, waiting: [], isBehind: true })
    }
  }

  async #fill(reader: Reader, positions: ShardPositions): Promise<void> {
    if (reader.waiting.length > 0) return
    const ShardIterator = reader.iterator ?? (await this.#iterator(reader.shard, positions))
    // An iterator that has expired is made anew the next time.
    reader.iterator = undefined
    const answer = await this.#call('GetRecords', { ShardIterator, Limit: LIMIT }).catch((error: Error) => {
      if (error.name === 'ExpiredIteratorException') return undefined
      throw error
    })
    if (!answer) return
    reader.iterator = answer.NextShardIterator
    reader.waiting = answer.Records
    reader.isBehind = answer.MillisBehindLatest > 0
    if (answer.NextShardIterator === undefined && answer.Records.length === 0) this.#end(reader, positions)
  }

  /** The shard was closed, and nothing is left in it: its children come next. */
  #end({ shard }: Reader, positions: ShardPositions): void {
    positions.shards[shard] = END
    this.#readers.delete(shard)
    this.#listedAt = 0
  }

  async #iterator(ShardId: string, { start, shards }: ShardPositions): Promise<string> {
    const StartingSequenceNumber = shards[ShardId]
    const from = StartingSequenceNumber
      ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber }
      : start === 'TRIM_HORIZON'
        ? { ShardIteratorType: start }
        : { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(start) }
    return (await this.#call('GetShardIterator', { ShardId, ...from })).ShardIterator
  }

  /** Gives out what no shard that is behind can still have older records than. */
  #inOrder(positions: ShardPositions): Uint8Array[] {
    const readers = [...this.#readers.values()].filter((reader) => reader.waiting.length > 0)
    const arrival = (record: KinesisRecord) => record.ApproximateArrivalTimestamp.getTime()
    const bound = Math.min(
      ...readers.filter((reader) => reader.isBehind).map((reader) => arrival(reader.waiting.at(-1)!)),
    )
    const taken: KinesisRecord[] = []
    for (const reader of readers) {
      let count = reader.waiting.findIndex((record) => arrival(record) > bound)
      if (count < 0) count = reader.waiting.length
      if (count === 0) continue
      const part = reader.waiting.splice(0, count)
      positions.shards[reader.shard] = part.at(-1)!.SequenceNumber
      for (const record of part) taken.push(record)
    }
    if (readers.length > 1) taken.sort((a, b) => arrival(a) - arrival(b))
    return taken.map((record) => record.Data)
  }
}
