/** Delivery streams: what is known of them (in a collection), and those that run. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import type { Destination } from './configuration.ts'
import { DeliveryStream } from './delivery-stream.ts'
import { type KinesisSource, pump } from './source.ts'

export interface StreamRecord {
  name: string
  arn: string
  type: 'DirectPut' | 'KinesisStreamAsSource'
  source?: KinesisSource
  createdAt: number
  updatedAt?: number
  version: number
  destination: Destination
  tags: Record<string, string>
  /** Until then the stream is CREATING. */
  activeAt: number
  deleting?: boolean
}

interface Running {
  stream: DeliveryStream
  abort: AbortController
  pumping: Promise<void>
}

export interface FirehoseOptions {
  /** How long creating takes. */
  delayMs?: number
}

const DEFAULT_DELAY_MS = 200

export class Store {
  readonly account: string
  readonly #cloud: Cloud
  readonly #metrics: MetricReporter
  readonly #rows: Collection<StreamRecord>
  readonly #records = new Map<string, StreamRecord>()
  readonly #running = new Map<string, Running>()
  readonly #delayMs: number

  constructor(cloud: Cloud, { delayMs = DEFAULT_DELAY_MS }: FirehoseOptions) {
    this.account = cloud.account
    this.#cloud = cloud
    this.#delayMs = delayMs
    this.#metrics = new MetricReporter(cloud, 'firehose.amazonaws.com', 'AWS/Firehose', 'DeliveryStreamName')
    this.#rows = cloud.collection<StreamRecord>('firehose.streams')
    for (const [name, record] of this.#rows.entries()) this.#records.set(name, record)
  }

  arnOf(name: string): string {
    return this.#cloud.arn('firehose', `deliverystream/${name}`)
  }

  /** What was undelivered at the last end goes on. */
  start(): void {
    for (const record of this.#records.values()) {
      this.#run(record)
      if (record.deleting) void this.#finish(record.name)
    }
  }

  list(): StreamRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): StreamRecord | undefined {
    return this.#records.get(name)
  }

  /** @throws AwsError ResourceNotFoundException */
  get(name: string): StreamRecord {
    const record = this.#records.get(name)
    if (record) return record
    throw new AwsError('ResourceNotFoundException', `Firehose ${name} under account ${this.account} not found.`)
  }

  status(record: StreamRecord): 'CREATING' | 'DELETING' | 'ACTIVE' {
    if (record.deleting) return 'DELETING'
    return Date.now() < record.activeAt ? 'CREATING' : 'ACTIVE'
  }

  create(record: Omit<StreamRecord, 'createdAt' | 'activeAt' | 'version'>): void {
    const now = Date.now()
    this.put({ ...record, version: 1, createdAt: now, activeAt: now + this.#delayMs })
  }

  put(record: StreamRecord): void {
    this.#records.set(record.name, record)
    this.#rows.put(record.name, record)
    const running = this.#running.get(record.name)
    if (running) running.stream.spec = specOf(record)
  }

  /** The stream at work. It starts with its first use, or with the local cloud. */
  running(name: string): DeliveryStream {
    return (this.#running.get(name) ?? this.#run(this.get(name))).stream
  }

  /** What has been taken is delivered first. */
  delete(name: string): void {
    const record = this.get(name)
    if (record.deleting) return
    this.put({ ...record, deleting: true })
    void this.#finish(name)
  }

  async close(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort()
    await Promise.all([...this.#running.values()].flatMap(({ stream, pumping }) => [stream.close(), pumping]))
    await this.#metrics.close()
  }

  #run(record: StreamRecord): Running {
    const stream = new DeliveryStream(this.#cloud, specOf(record), this.#folderOf(record), this.#metrics)
    const abort = new AbortController()
    const pumping =
      record.source && !record.deleting
        ? pump(this.#cloud, record.source, stream, new Date(record.createdAt), abort.signal)
        : Promise.resolve()
    const running = { stream, abort, pumping }
    this.#running.set(record.name, running)
    return running
  }

  async #finish(name: string): Promise<void> {
    const record = this.get(name)
    const { stream, abort, pumping } = this.#running.get(name) ?? this.#run(record)
    abort.abort()
    await pumping
    // A destination that takes nothing must not keep the stream alive for ever.
    await Promise.race([stream.flush(), new Promise((resolve) => setTimeout(resolve, 10_000).unref())])
    await stream.close()
    this.#running.delete(name)
    this.#records.delete(name)
    this.#rows.delete(name)
    rmSync(this.#folderOf(record), { recursive: true, force: true })
  }

  #folderOf({ name, createdAt }: StreamRecord): string {
    return join(this.#cloud.folder('firehose'), `${name}.${createdAt}`)
  }
}

function specOf({ name, arn, version, destination, source }: StreamRecord) {
  return { name, arn, version, destination, ...(source && { sourceStreamArn: source.KinesisStreamARN }) }
}
