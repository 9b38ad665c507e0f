/** Kills the local cloud under load, again and again, and counts what has arrived. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose'
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import {
  CreateApplicationCommand,
  KinesisAnalyticsV2Client,
  StartApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import yazl from 'yazl'
import { UserGenerator } from '../../../data/users/generator.ts'
import { Random } from '../../../data/users/random.ts'

const KILLS = 3
const BATCH = 200
const CHECKPOINT_MS = 500
const sinks = ['users', 'errors', 'counts']
const server = fileURLToPath(new URL('stream-server.ts', import.meta.url))

let folder: string
let child: ChildProcess
let url: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stream-kill-'))
})
afterEach(() => {
  child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function up(mode: string): Promise<void> {
  child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', server, folder, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(child.stdout!, 'data')
  url = String(line).trim()
}

const options = () => ({
  endpoint: url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIAADMINISTRATOR', secretAccessKey: 'any' },
  maxAttempts: 1,
})
const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`

async function setUp(): Promise<void> {
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('# the runner'), 'main.py')
  zip.addBuffer(readFileSync(new URL('../../../sql/flink/users.sql', import.meta.url)), 'job.sql')
  zip.end()
  const code = await buffer(zip.outputStream)
  await new S3Client(options()).send(new PutObjectCommand({ Bucket: 'lake', Key: 'code.zip', Body: code }))
  await new KinesisClient(options()).send(new CreateStreamCommand({ StreamName: 'users', ShardCount: 1 }))
  for (const DeliveryStreamName of sinks)
    await new FirehoseClient(options()).send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName,
        ExtendedS3DestinationConfiguration: {
          RoleARN: role('Delivery'),
          BucketARN: 'arn:aws:s3:::lake',
          Prefix: `${DeliveryStreamName}/`,
          BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
          ProcessingConfiguration: {
            Enabled: true,
            Processors: [
              {
                Type: 'Lambda',
                Parameters: [
                  {
                    ParameterName: 'LambdaArn',
                    ParameterValue: 'arn:aws:lambda:us-east-1:000000000000:function:transform',
                  },
                  { ParameterName: 'BufferIntervalInSeconds', ParameterValue: '0' },
                ],
              },
            ],
          },
        },
      }),
    )
  const analytics = new KinesisAnalyticsV2Client(options())
  await analytics.send(
    new CreateApplicationCommand({
      ApplicationName: 'users',
      RuntimeEnvironment: 'FLINK-2_2',
      ServiceExecutionRole: role('Application'),
      ApplicationConfiguration: {
        ApplicationCodeConfiguration: {
          CodeContentType: 'ZIPFILE',
          CodeContent: { S3ContentLocation: { BucketARN: 'arn:aws:s3:::lake', FileKey: 'code.zip' } },
        },
        FlinkApplicationConfiguration: {
          CheckpointConfiguration: {
            ConfigurationType: 'CUSTOM',
            CheckpointingEnabled: true,
            CheckpointInterval: CHECKPOINT_MS,
          },
        },
        EnvironmentProperties: {
          PropertyGroups: [
            { PropertyGroupId: 'kinesis.analytics.flink.run.options', PropertyMap: { python: 'main.py' } },
            {
              PropertyGroupId: 'sql.vars',
              PropertyMap: {
                STREAM_ARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/users',
                REGION: 'us-east-1',
                USERS_DELIVERY_STREAM: 'users',
                ERRORS_DELIVERY_STREAM: 'errors',
                COUNTS_DELIVERY_STREAM: 'counts',
              },
            },
          ],
        },
      },
    }),
  )
  await analytics.send(new StartApplicationCommand({ ApplicationName: 'users' }))
}

/** Sends until told to stop; a batch that was not acknowledged is sent again. Gives the ids of good users that were acknowledged. */
async function produce(isOver: () => boolean): Promise<Set<string>> {
  const generator = new UserGenerator({ seed: 5, bad: 0.03 })
  const acknowledged = new Set<string>()
  while (!isOver()) {
    const batch = Array.from({ length: BATCH }, () => generator.next(Date.now()))
    const Records = batch.map(({ record, partitionKey }) => ({ Data: Buffer.from(record), PartitionKey: partitionKey }))
    for (;;) {
      const kinesis = new KinesisClient(options())
      try {
        await kinesis.send(new PutRecordsCommand({ StreamName: 'users', Records }))
        break
      } catch {
        await sleep(100)
      } finally {
        kinesis.destroy()
      }
    }
    for (const { record, reason } of batch) if (!reason) acknowledged.add(JSON.parse(record).results[0].login.uuid)
    await sleep(60)
  }
  return acknowledged
}

function rows(name: string): any[] {
  const root = join(folder, 'data', 's3', 'lake', name)
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.flatMap((entry) =>
    readFileSync(join(entry.parentPath, entry.name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  )
}

async function recordsInStream(): Promise<number> {
  const kinesis = new KinesisClient(options())
  const start = { StreamName: 'users', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' as const }
  let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start))
  for (let count = 0; ; ) {
    const { Records = [], NextShardIterator } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
    count += Records.length
    if (Records.length === 0) return count
    ShardIterator = NextShardIterator
  }
}

/** Waits until nothing more comes. */
async function settled(least: number): Promise<number> {
  for (let last = -1; ; ) {
    await sleep(2000)
    const count = rows('users').length + rows('errors').length
    if (count === last && count >= least) return count
    last = count
  }
}

describe.each(['at-least-once', 'exactly-once'])('a local cloud that is killed under load, %s', (mode) => {
  it('loses no acknowledged record', async () => {
    const random = new Random(17)
    await up(mode)
    await setUp()
    let over = false
    const producing = produce(() => over)
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(random.whole(700, 1500))
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await up(mode)
    }
    over = true
    const acknowledged = await producing
    const sent = await recordsInStream()
    const delivered = await settled(sent)

    const ids = new Set(rows('users').map((row) => row.id))
    expect([...acknowledged].filter((id) => !ids.has(id))).toEqual([])
    if (mode === 'exactly-once') expect(delivered).toBe(sent)
    else expect(delivered).toBeGreaterThanOrEqual(sent)
  }, 90_000)
})
