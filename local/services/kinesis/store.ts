/** Streams: what is known of them (in a collection) and their shards' logs (in files). */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import { ShardLog } from './shard-log.ts'
import { router, type Shard, shardId } from './shards.ts'

export interface StreamRecord {
  name: string
  arn: string
  createdAt: number
  mode: 'PROVISIONED' | 'ON_DEMAND'
  shards: Shard[]
  retentionHours: number
  tags: Record<string, string>
  maxRecordKiB: number
  /** Until then the stream is CREATING, UPDATING or DELETING. */
  pending?: { status: 'CREATING' | 'UPDATING' | 'DELETING'; until: number }
}

export type StreamStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE'

export interface KinesisOptions {
  /** How long creating, changing and deleting take. */
  delayMs?: number
  /** Whether shards take no more than 1 MB and 1,000 records a second. */
  throttles?: boolean
  now?: () => number
}

const DEFAULT_DELAY_MS = 200
const TRIM_EVERY_MS = 60_000
const HOUR_MS = 3_600_000

export class Store {
  readonly account: string
  readonly throttles: boolean
  readonly now: () => number
  readonly metrics: MetricReporter
  readonly #cloud: Cloud
  readonly #rows: Collection<StreamRecord>
  readonly #streams = new Map<string, StreamRecord>()
  readonly #logs = new Map<string, ShardLog>()
  readonly #routers = new Map<string, ReturnType<typeof router>>()
  readonly #delayMs: number
  readonly #timer: NodeJS.Timeout

  constructor(cloud: Cloud, { delayMs = DEFAULT_DELAY_MS, throttles = false, now = Date.now }: KinesisOptions) {
    this.#cloud = cloud
    this.account = cloud.account
    this.throttles = throttles
    this.now = now
    this.metrics = new MetricReporter(cloud, 'kinesis.amazonaws.com', 'AWS/Kinesis', 'StreamName')
    this.#delayMs = delayMs
    this.#rows = cloud.collection<StreamRecord>('kinesis.streams')
    for (const [name, stream] of this.#rows.entries()) this.#streams.set(name, stream)
    this.#timer = setInterval(() => this.trim(), TRIM_EVERY_MS).unref()
  }

  arnOf(name: string): string {
    return this.#cloud.arn('kinesis', `stream/${name}`)
  }

  /** All streams by name, those gone left out. */
  list(): StreamRecord[] {
    for (const stream of [...this.#streams.values()]) this.#settle(stream)
    return [...this.#streams.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): StreamRecord | undefined {
    const stream = this.#streams.get(name)
    if (stream) this.#settle(stream)
    return this.#streams.get(name)
  }

  /** @throws AwsError ResourceNotFoundException */
  get(name: string): StreamRecord {
    const stream = this.find(name)
    if (stream) return stream
    throw new AwsError('ResourceNotFoundException', `Stream ${name} under account ${this.account} not found.`)
  }

  status(stream: StreamRecord): StreamStatus {
    return stream.pending?.status ?? 'ACTIVE'
  }

  put(stream: StreamRecord): void {
    this.#streams.set(stream.name, stream)
    this.#rows.put(stream.name, stream)
    this.#routers.delete(stream.name)
  }

  /** Begins a change that takes its time. */
  pend(stream: StreamRecord, status: 'CREATING' | 'UPDATING' | 'DELETING'): void {
    this.put({ ...stream, pending: { status, until: this.now() + this.#delayMs } })
    // Deleting ends by itself, also when nobody asks.
    if (status === 'DELETING') setTimeout(() => this.find(stream.name), this.#delayMs + 1).unref()
  }

  route(stream: StreamRecord): ReturnType<typeof router> {
    let route = this.#routers.get(stream.name)
    if (!route) {
      route = router(stream.shards)
      this.#routers.set(stream.name, route)
    }
    return route
  }

  log(stream: StreamRecord, shard: Shard): ShardLog {
    const folder = join(this.#folderOf(stream), shardId(shard.number))
    let log = this.#logs.get(folder)
    if (!log) {
      log = new ShardLog(folder)
      this.#logs.set(folder, log)
    }
    return log
  }

  /** Where a reader of this moment may begin: retention hides older records at once, and files go when all in them is old. */
  trimHorizon(stream: StreamRecord, shard: Shard): number {
    const log = this.log(stream, shard)
    return Math.max(log.first, log.indexAt(this.now() - stream.retentionHours * HOUR_MS))
  }

  trim(): void {
    for (const stream of this.list())
      for (const shard of stream.shards) this.log(stream, shard).trim(this.now() - stream.retentionHours * HOUR_MS)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.metrics.close()
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }

  #folderOf(stream: StreamRecord): string {
    // A stream that is made anew under an old name starts empty.
    return join(this.#cloud.folder('kinesis'), `${stream.name}.${stream.createdAt}`)
  }

  #settle(stream: StreamRecord): void {
    const { pending, ...rest } = stream
    if (!pending || this.now() < pending.until) return
    if (pending.status !== 'DELETING') {
      this.put(rest)
      return
    }
    this.#streams.delete(stream.name)
    this.#rows.delete(stream.name)
    this.#routers.delete(stream.name)
    const folder = this.#folderOf(stream)
    const logs = [...this.#logs].filter(([path]) => path.startsWith(`${folder}/`))
    for (const [path] of logs) this.#logs.delete(path)
    void Promise.all(logs.map(([, log]) => log.close())).then(() => rmSync(folder, { recursive: true, force: true }))
  }
}
