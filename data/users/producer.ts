/**
 * Puts records into a Kinesis stream at a rate. PutRecords answers 200 also when entries failed
 * (https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html): those entries, and only those, are put again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import type { RecordSource } from './source.ts'

export interface ProduceOptions {
  kinesis: KinesisClient
  streamName: string
  source: RecordSource
  /** Records a second. */
  rate: number
  /** Ends after so many milliseconds, … */
  durationMs?: number
  /** … or when so many records are in the stream; by neither, when the signal aborts. */
  records?: number
  signal?: AbortSignal
  /** Called after every request. */
  onProgress?: (counters: Readonly<Produced>) => void
}

export interface Produced {
  /** Records that Kinesis has acknowledged. */
  sent: number
  bytes: number
  requests: number
  /** Entries that Kinesis refused for the time being, and that were put again. */
  retried: number
}

/** What a request takes: 500 records, and 10 MiB, of which half is enough. */
const MAX_RECORDS = 500
const MAX_BYTES = 5 * 1024 * 1024
const IN_FLIGHT = 4
const TICK_MS = 50
const MAX_ATTEMPTS = 12
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5000
/** Request errors that pass by themselves; the SDK has retried them a few times already. */
const PASSING = /Throttling|ProvisionedThroughputExceeded|LimitExceeded|InternalFailure|ServiceUnavailable|Timeout/

/**
 * Resolves when every record that was taken from the source is in the stream, also after the signal has aborted. A request whose answer was
 * lost is repeated, so that a record can be in the stream twice, as with every producer of Kinesis.
 *
 * @throws ProducerError when Kinesis goes on refusing
 */
export async function produce(options: ProduceOptions): Promise<Produced> {
  const { source, rate, durationMs = Number.POSITIVE_INFINITY, records = Number.POSITIVE_INFINITY, signal } = options
  const produced: Produced = { sent: 0, bytes: 0, requests: 0, retried: 0 }
  const inFlight = new Set<Promise<void>>()
  let failure: unknown
  let taken = 0
  const started = performance.now()
  while (!signal?.aborted && failure === undefined && taken < records) {
    const elapsed = performance.now() - started
    const due = Math.min(Math.floor((rate * Math.min(elapsed, durationMs)) / 1000), records)
    if (taken >= due) {
      if (elapsed >= durationMs) break
      await sleep(TICK_MS)
      continue
    }
    const batch = await take(source, Math.min(due - taken, MAX_RECORDS))
    taken += batch.length
    const request = put(batch, options, produced)
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => inFlight.delete(request))
    inFlight.add(request)
    if (inFlight.size >= IN_FLIGHT) await Promise.race(inFlight)
  }
  await Promise.all(inFlight)
  if (failure !== undefined) throw failure
  return produced
}

async function take(source: RecordSource, count: number): Promise<PutRecordsRequestEntry[]> {
  const batch: PutRecordsRequestEntry[] = []
  for (let bytes = 0; batch.length < count && bytes < MAX_BYTES; ) {
    const { record, partitionKey } = await source.next(Date.now())
    const Data = Buffer.from(record)
    batch.push({ Data, PartitionKey: partitionKey })
    bytes += Data.length + partitionKey.length
  }
  return batch
}

/** Puts a batch until all of it is in the stream. */
async function put(
  batch: PutRecordsRequestEntry[],
  { kinesis, streamName, onProgress }: ProduceOptions,
  produced: Produced,
): Promise<void> {
  let entries = batch
  let reason = ''
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): producers that failed together must not come back together.
    if (attempt > 0) await sleep(Math.random() * Math.min(FIRST_BACKOFF_MS * 2 ** attempt, LONGEST_BACKOFF_MS))
    const answer = await kinesis
      .send(new PutRecordsCommand({ StreamName: streamName, Records: entries }))
      .catch((error: Error) => {
        if (!PASSING.test(error.name)) throw new ProducerError(streamName, entries.length, error.message, error)
        reason = error.message
        return undefined
      })
    produced.requests++
    const failed = answer ? entries.filter((_entry, i) => answer.Records?.[i]?.ErrorCode) : entries
    reason = answer?.Records?.find(({ ErrorCode }) => ErrorCode)?.ErrorMessage ?? reason
    const done = answer ? entries.filter((_entry, i) => !answer.Records?.[i]?.ErrorCode) : []
    produced.sent += done.length
    produced.bytes += done.reduce((sum, { Data }) => sum + Data!.length, 0)
    produced.retried += failed.length
    onProgress?.(produced)
    if (failed.length === 0) return
    entries = failed
  }
  throw new ProducerError(streamName, entries.length, reason)
}

/** Kinesis did not take what a producer had for it. */
export class ProducerError extends Error {
  constructor(stream: string, records: number, reason: string, cause?: Error) {
    super(
      `The stream ${stream} did not take ${records} records: ${reason} Is the stream there, and large enough for the rate?`,
      { cause },
    )
    this.name = 'ProducerError'
  }
}
