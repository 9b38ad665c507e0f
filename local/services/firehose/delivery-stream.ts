/**
 * A running delivery stream. Everything goes through its write-ahead log, in frames:
 *
 * R records as they came; T what the transformation made of a range of R; C a cut, which makes an object of a range of outputs and fixes its
 * key; D that object's delivery; S what a new segment must remember of the old ones.
 *
 * Acknowledged records are on the disk; after a crash, batches without T are transformed again and cuts without D delivered again, under the
 * same key. Memory holds places, and the contents of one batch and one object.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { MetricReporter } from '../../metric-reporter.ts'
import { bucketOf, type Destination, delimiterOf, extensionOf, transformOf } from './configuration.ts'
import { objectKey } from './prefixes.ts'
import { eventBytes, type InputRecord, transformBatch } from './transform.ts'
import { type Frame, packRecords, unpackRecords, WriteAheadLog } from './wal.ts'

export interface DeliveryStreamSpec {
  name: string
  arn: string
  version: number
  destination: Destination
  sourceStreamArn?: string
}

/** Where a source's shard was read up to, and what each of the records was there. */
export interface SourceBatch {
  shardId: string
  records: { sequenceNumber: string; partitionKey: string; arrivalMs: number }[]
}

/** A range of the log that waits: since when, and how much it is. */
interface Waiting {
  from: number
  to: number
  bytes: number
  since: number
  oldestAt: number
}

interface Cut {
  id: string
  from: number
  to: number
  cutAt: number
  oldestAt: number
  version: number
}

const TICK_MS = 100
const MIB = 1024 * 1024
const RETENTION_MS = 24 * 3_600_000
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 10_000
/** Of the six that a function takes, some left for the frame around the records. */
const MAX_EVENT_BYTES = 6 * MIB - 64 * 1024
const DEFAULT_ERROR_PREFIX = 'processing-failed/'
const gzipAsync = promisify(gzip)

export class DeliveryStream {
  spec: DeliveryStreamSpec
  readonly #cloud: Cloud
  readonly #log: WriteAheadLog
  readonly #metrics: MetricReporter
  readonly #producers = new Map<string, number>()
  readonly #positions = new Map<string, string>()
  readonly #cuts = new Map<string, Cut>()
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout
  #inputs: Waiting | undefined
  #outputs: Waiting | undefined
  /** Where the batch begins that is being transformed. */
  #batchFrom: number | undefined
  #transforming: Promise<void> = Promise.resolve()
  #delivering: Promise<void> = Promise.resolve()

  constructor(cloud: Cloud, spec: DeliveryStreamSpec, folder: string, metrics: MetricReporter, segmentBytes?: number) {
    this.#cloud = cloud
    this.#metrics = metrics
    this.spec = spec
    const remember = () => ({ kind: 'S', head: { producers: [...this.#producers], positions: [...this.#positions] } })
    this.#log = new WriteAheadLog(folder, remember, segmentBytes)
    this.#recover()
    this.#timer = setInterval(() => this.tick(), TICK_MS)
    this.#timer.unref()
  }

  /** The sequence number up to which a shard of the source has been taken. */
  position(shardId: string): string | undefined {
    return this.#positions.get(shardId)
  }

  /**
   * Resolves when the records are on the disk.
   * @param producer lets a producer send again what it does not know to have arrived: `offset` counts the records it sent before
   * @throws AwsError InvalidArgumentException when a producer leaves records out
   */
  async put(
    records: Uint8Array[],
    options: { producer?: { id: string; offset: number }; source?: SourceBatch } = {},
  ): Promise<void> {
    const { source } = options
    const fresh = options.producer ? this.#withoutRepeated(records, options.producer) : records
    if (fresh.length === 0) return
    const arrivalMs = source?.records[0]?.arrivalMs ?? Date.now()
    const isDirect = transformOf(this.spec.destination) === undefined
    const head = {
      arrivalMs,
      isDirect,
      ...(options.producer && { producer: [options.producer.id, this.#producers.get(options.producer.id)] }),
      ...(source && { source }),
    }
    if (source) this.#positions.set(source.shardId, source.records.at(-1)!.sequenceNumber)
    const bytes = fresh.reduce((sum, record) => sum + record.length, 0)
    const { at, end, safe } = this.#log.append('R', head, packRecords(fresh))
    await safe
    this.#count('IncomingRecords', fresh.length)
    this.#count('IncomingBytes', bytes, 'Bytes')
    this.#wait(isDirect ? 'outputs' : 'inputs', at, end, bytes, arrivalMs)
    this.tick()
  }

  /** Starts what is due: a batch to transform, an object to deliver. */
  tick(): void {
    if (this.#abort.signal.aborted) return
    const now = Date.now()
    const transform = transformOf(this.spec.destination)
    const inputs = this.#inputs
    // What came in under a transformation that is gone since goes out as it is.
    const isBatchDue =
      inputs && (!transform || inputs.bytes >= transform.bufferBytes || now - inputs.since >= transform.bufferMs)
    if (isBatchDue && this.#batchFrom === undefined) this.#startBatch(inputs)
    const { SizeInMBs, IntervalInSeconds } = this.spec.destination.BufferingHints
    const outputs = this.#outputs
    if (outputs && (outputs.bytes >= SizeInMBs * MIB || now - outputs.since >= IntervalInSeconds * 1000))
      this.#cut(outputs)
  }

  /** Everything that waits goes out now; resolves when it has. */
  async flush(): Promise<void> {
    await this.#transforming
    if (this.#inputs) this.#startBatch(this.#inputs)
    await this.#transforming
    if (this.#outputs) this.#cut(this.#outputs)
    await this.#delivering
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#abort.abort()
    await Promise.allSettled([this.#transforming, this.#delivering])
    await this.#log.close()
  }

  #count(name: string, value: number, unit?: 'Count' | 'Bytes' | 'Seconds'): void {
    this.#metrics.add(this.spec.name, name, value, unit)
  }

  #withoutRepeated(records: Uint8Array[], { id, offset }: { id: string; offset: number }): Uint8Array[] {
    const next = this.#producers.get(id) ?? offset
    if (offset > next)
      throw new AwsError(
        'InvalidArgumentException',
        `The producer ${id} sent the record ${offset}, and ${next} was to come next.`,
      )
    const fresh = records.slice(next - offset)
    this.#producers.set(id, next + fresh.length)
    return fresh
  }

  #wait(
    buffer: 'inputs' | 'outputs',
    from: number,
    to: number,
    bytes: number,
    oldestAt: number,
    since = Date.now(),
  ): void {
    const known = buffer === 'inputs' ? this.#inputs : this.#outputs
    // Concurrent puts may become safe in another order than they got their places.
    const waiting: Waiting = known
      ? {
          from: Math.min(known.from, from),
          to: Math.max(known.to, to),
          bytes: known.bytes + bytes,
          since: known.since,
          oldestAt: Math.min(known.oldestAt, oldestAt),
        }
      : { from, to, bytes, since, oldestAt }
    if (buffer === 'inputs') this.#inputs = waiting
    else this.#outputs = waiting
  }

  #startBatch(batch: Waiting): void {
    this.#inputs = undefined
    this.#batchFrom = batch.from
    this.#transforming = this.#transform(batch)
      .catch((error: Error) => {
        if (!this.#abort.signal.aborted) this.#cloud.log('error', `Firehose ${this.spec.name}: ${error.message}`)
      })
      .finally(() => {
        this.#batchFrom = undefined
        this.tick()
      })
  }

  async #transform(batch: Waiting): Promise<void> {
    const transform = transformOf(this.spec.destination)
    const records = this.#records(batch)
    const result = { ok: [] as Buffer[], errors: [] as string[], dropped: 0 }
    if (!transform) result.ok = records.map((record) => record.data)
    else {
      const { arn: deliveryStreamArn, sourceStreamArn } = this.spec
      for (const part of parts(records, transform.bufferBytes)) {
        const one = await transformBatch(
          this.#cloud,
          transform,
          { deliveryStreamArn, records: part, ...(sourceStreamArn && { sourceStreamArn }) },
          this.#abort.signal,
        )
        result.ok.push(...one.ok)
        result.errors.push(...one.errors)
        result.dropped += one.dropped
      }
    }
    const { ok, errors, dropped } = result
    const outputs = [...ok, ...errors.map((line) => Buffer.from(line))]
    const head = { to: batch.to, ok: ok.length, dropped, oldestAt: batch.oldestAt }
    const { at, end, safe } = this.#log.append('T', head, packRecords(outputs))
    await safe
    this.#count('SucceedProcessing.Records', ok.length + dropped)
    this.#count('FailedProcessing.Records', errors.length)
    this.#count('DroppedProcessing.Records', dropped)
    const bytes = ok.reduce((sum, record) => sum + record.length, 0)
    if (outputs.length > 0) this.#wait('outputs', at, end, bytes, batch.oldestAt)
    this.#release()
  }

  /** The records of a range that were to be transformed. Record ids are their places, so they are the same when a batch is done again. */
  #records({ from, to }: Waiting): InputRecord[] {
    const records: InputRecord[] = []
    for (const { kind, head, body, at } of this.#log.frames(from, to)) {
      if (kind !== 'R' || head.isDirect) continue
      for (const [i, data] of unpackRecords(body).entries()) {
        const source = (head.source as SourceBatch | undefined)?.records[i]
        records.push({
          id: `${at}.${i}`,
          arrivalMs: source?.arrivalMs ?? head.arrivalMs,
          data,
          ...(source && {
            source: {
              sequenceNumber: source.sequenceNumber,
              partitionKey: source.partitionKey,
              shardId: head.source.shardId,
            },
          }),
        })
      }
    }
    return records
  }

  #cut({ from, to, oldestAt }: Waiting): void {
    this.#outputs = undefined
    const cut: Cut = { id: randomUUID(), from, to, oldestAt, cutAt: Date.now(), version: this.spec.version }
    this.#cuts.set(cut.id, cut)
    const { safe } = this.#log.append('C', cut)
    this.#deliver(cut, safe)
  }

  #deliver(cut: Cut, safe: Promise<void>): void {
    this.#delivering = this.#delivering
      .then(() => safe)
      .then(() => this.#deliverUntilDone(cut))
      .catch((error: Error) => {
        if (!this.#abort.signal.aborted) this.#cloud.log('error', `Firehose ${this.spec.name}: ${error.message}`)
      })
  }

  /** Tries again until the object is there, or its oldest record has been kept for a day. */
  async #deliverUntilDone(cut: Cut): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#writeObjects(cut)
        this.#count('DeliveryToS3.Success', 1)
        break
      } catch (error) {
        const { name, message } = error as Error
        this.#count('DeliveryToS3.Success', 0)
        this.#cloud.log('warn', `Firehose ${this.spec.name} could not deliver to S3: ${name}: ${message}`)
        if (Date.now() - cut.oldestAt > RETENTION_MS) {
          this.#cloud.log(
            'error',
            `Firehose ${this.spec.name} gives up an object after 24 hours: its records are lost.`,
            { id: cut.id },
          )
          break
        }
        await sleep(Math.min(FIRST_RETRY_MS * 2 ** attempt, LONGEST_RETRY_MS), undefined, {
          signal: this.#abort.signal,
        })
      }
    }
    await this.#log.append('D', { id: cut.id }).safe
    this.#cuts.delete(cut.id)
    this.#release()
  }

  async #writeObjects(cut: Cut): Promise<void> {
    const { destination, name } = this.spec
    const { ok, errors } = this.#contents(cut, Buffer.from(delimiterOf(destination)))
    const prefix = destination.Prefix ?? ''
    const errorPrefix = destination.ErrorOutputPrefix ?? prefix + DEFAULT_ERROR_PREFIX
    const named = { stream: name, ...cut, extension: extensionOf(destination) }
    if (ok.pieces.length > 0) await this.#put(objectKey(prefix, named), ok.pieces)
    if (errors.length > 0)
      await this.#put(
        objectKey(errorPrefix, named, 'processing-failed'),
        errors.flatMap((line) => [line, Buffer.from('\n')]),
      )
    this.#count('DeliveryToS3.Records', ok.count)
    this.#count('DeliveryToS3.ObjectCount', (ok.pieces.length > 0 ? 1 : 0) + (errors.length > 0 ? 1 : 0))
    this.#count('DeliveryToS3.DataFreshness', (Date.now() - cut.oldestAt) / 1000, 'Seconds')
  }

  #contents({ from, to }: Cut, delimiter: Buffer): { ok: { pieces: Buffer[]; count: number }; errors: Buffer[] } {
    const pieces: Buffer[] = []
    const errors: Buffer[] = []
    let count = 0
    for (const frame of this.#log.frames(from, to)) {
      if (!isOutput(frame)) continue
      const records = unpackRecords(frame.body)
      const good = frame.kind === 'T' ? records.slice(0, frame.head.ok) : records
      errors.push(...records.slice(good.length))
      count += good.length
      for (const record of good) {
        pieces.push(record)
        if (delimiter.length > 0) pieces.push(delimiter)
      }
    }
    return { ok: { pieces, count }, errors }
  }

  async #put(Key: string, pieces: Buffer[]): Promise<void> {
    const { destination, name } = this.spec
    const whole = Buffer.concat(pieces)
    const isGzip = destination.CompressionFormat === 'GZIP'
    const { principal } = this.#cloud.assumeRole(destination.RoleARN, 'firehose.amazonaws.com', name)
    await this.#cloud.call(principal, 's3', 'PutObject', {
      Bucket: bucketOf(destination),
      Key,
      Body: isGzip ? await gzipAsync(whole) : whole,
      ContentType: 'application/octet-stream',
      ...(isGzip && { ContentEncoding: 'gzip' }),
    })
  }

  /** Lets go of all that nobody will read again. */
  #release(): void {
    const places = [
      this.#inputs?.from,
      this.#outputs?.from,
      this.#batchFrom,
      ...[...this.#cuts.values()].map((cut) => cut.from),
    ]
    const wanted = places.filter((place) => place !== undefined)
    if (wanted.length > 0) this.#log.release(Math.min(...wanted))
  }

  #recover(): void {
    const inputs: Frame[] = []
    let outputs: Frame[] = []
    for (const frame of this.#log.frames()) {
      const { kind, head } = frame
      // Bodies are not kept: only their sizes matter here.
      const light = { ...frame, body: frame.body.subarray(0, 0), bytes: frame.body.length }
      if (kind === 'S') {
        for (const [id, next] of head.producers) this.#producers.set(id, next)
        for (const [shard, position] of head.positions) this.#positions.set(shard, position)
      }
      if (kind === 'R') {
        if (head.producer) this.#producers.set(head.producer[0], head.producer[1])
        if (head.source) this.#positions.set(head.source.shardId, head.source.records.at(-1).sequenceNumber)
        if (!head.isDirect) inputs.push(light)
      }
      if (kind === 'T') while (inputs.length > 0 && inputs[0]!.at < head.to) inputs.shift()
      if (isOutput(frame)) outputs.push(light)
      if (kind === 'C') {
        this.#cuts.set(head.id, head)
        outputs = outputs.filter((output) => output.at >= head.to)
      }
      if (kind === 'D') this.#cuts.delete(head.id)
    }
    for (const { at, end, head } of inputs) this.#wait('inputs', at, end, end - at, head.arrivalMs, head.arrivalMs)
    for (const { at, end, head } of outputs) {
      const oldestAt = head.oldestAt ?? head.arrivalMs
      this.#wait('outputs', at, end, end - at, oldestAt, oldestAt)
    }
    for (const cut of this.#cuts.values()) this.#deliver(cut, Promise.resolve())
  }
}

function isOutput({ kind, head }: Frame): boolean {
  return kind === 'T' || (kind === 'R' && head.isDirect)
}

/** What fits in one invocation: the buffer's size of data, and the function's largest event. */
function* parts(records: InputRecord[], bufferBytes: number): Generator<InputRecord[]> {
  let part: InputRecord[] = []
  let bytes = 0
  let event = 0
  for (const record of records) {
    const size = eventBytes(record.data)
    if (part.length > 0 && (bytes + record.data.length > bufferBytes || event + size > MAX_EVENT_BYTES)) {
      yield part
      part = []
      bytes = 0
      event = 0
    }
    part.push(record)
    bytes += record.data.length
    event += size
  }
  if (part.length > 0) yield part
}
