/** PutRecords from an unmodified SDK, by HTTP/2 and by HTTP/1.1, and the same by HTTP/1.1 to kinesalite, which speaks nothing else. */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  type KinesisClientConfig,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { UserGenerator } from '../../data/users/generator.ts'
import { processorSeconds } from './processes.ts'

export interface Puts {
  name: string
  /** Records a second of wall clock. */
  perSecond: number
  /** The server's processor time a record, in microseconds. */
  processorMicros: number
}

const BATCH = 500
const BATCHES = 40
const LANES = 4
const SHARDS = 4
const ROUNDS = 3
const StreamName = 'users'
const server = fileURLToPath(new URL('kinesis-server.ts', import.meta.url))
const KINESALITE = 'kinesalite@3.3.3'

/** The servers take turns, so that a busy machine is busy for all of them. */
export async function measurePuts(withKinesalite: boolean): Promise<Puts[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-bench-'))
  const records = makeRecords()
  const closing: (() => void)[] = []
  const start = async (args: string[]) => {
    const child = fork(server, args, { execArgv: ['--disable-warning=ExperimentalWarning'] })
    closing.push(() => child.kill())
    const [url] = await once(child, 'message')
    return { url: String(url), pid: child.pid! }
  }
  try {
    const own = await start(['stepwell', join(folder, 'data')])
    const http1 = { requestHandler: new NodeHttpHandler() }
    const all = [
      { name: 'HTTP/2', server: own, client: client(own.url) },
      { name: 'HTTP/1.1', server: own, client: client(own.url, http1) },
    ]
    if (withKinesalite) {
      const packages = join(folder, 'packages')
      execFileSync('npm', ['install', '--prefix', packages, '--no-audit', '--no-fund', '--silent', KINESALITE])
      const module = join(packages, 'node_modules', 'kinesalite')
      const other = await start(['kinesalite', module, join(folder, 'kinesalite')])
      all.push({ name: 'kinesalite on disk, HTTP/1.1', server: other, client: client(other.url, http1) })
    }
    const results = new Map<string, Puts>()
    for (const one of all) await createStream(one.client)
    for (let round = 0; round < ROUNDS; round++)
      for (const one of all) {
        const puts = await measure(one, records)
        if (puts.perSecond > (results.get(one.name)?.perSecond ?? 0)) results.set(one.name, puts)
      }
    for (const one of all) one.client.destroy()
    return [...results.values()]
  } finally {
    for (const close of closing) close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeRecords(): { Data: Buffer; PartitionKey: string }[][] {
  const generator = new UserGenerator({ seed: 1, bad: 0 })
  return Array.from({ length: BATCHES }, () =>
    Array.from({ length: BATCH }, () => {
      const { record, partitionKey } = generator.next(Date.now())
      return { Data: Buffer.from(record), PartitionKey: partitionKey }
    }),
  )
}

function client(endpoint: string, more: KinesisClientConfig = {}): KinesisClient {
  const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
  return new KinesisClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1, ...more })
}

async function createStream(kinesis: KinesisClient): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: SHARDS })).catch((error: Error) => {
    if (error.name !== 'ResourceInUseException') throw error
  })
  for (;;) {
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
    await sleep(50)
  }
}

async function measure(
  { name, server, client }: { name: string; server: { pid: number }; client: KinesisClient },
  records: ReturnType<typeof makeRecords>,
): Promise<Puts> {
  const waiting = [...records]
  const lane = async () => {
    for (let Records = waiting.pop(); Records; Records = waiting.pop()) {
      const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName, Records }))
      if (FailedRecordCount) throw new Error(`${name} did not take ${FailedRecordCount} records.`)
    }
  }
  const before = processorSeconds(server.pid)
  const started = performance.now()
  await Promise.all(Array.from({ length: LANES }, lane))
  const seconds = (performance.now() - started) / 1000
  const count = BATCH * BATCHES
  return {
    name,
    perSecond: count / seconds,
    processorMicros: ((processorSeconds(server.pid).all - before.all) / count) * 1e6,
  }
}
