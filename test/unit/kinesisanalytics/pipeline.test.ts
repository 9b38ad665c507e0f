/** The stream's services together: Kinesis, users.sql, Firehose and S3, through the one door, with restarts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserGenerator } from '../../../data/users/generator.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { createKinesisAnalytics } from '../../../local/services/kinesisanalyticsv2/index.ts'
import type { RunnerOptions } from '../../../local/services/kinesisanalyticsv2/runner.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'
import { until } from '../../support/until.ts'
import { usersApplication } from './users-application.ts'

const role = 'arn:aws:iam::000000000000:role/Application'
const script = readFileSync(new URL('../../../sql/flink/users.sql', import.meta.url), 'utf8')
const sinks = ['users-transformed', 'users-errors', 'users-counts'] as const

let cloud: TestCloud
let objects: Map<string, string>
let served: Service[] = []

function serve(options: RunnerOptions = {}): void {
  cloud.fake('s3', { PutObject: ({ Key, Body }) => void objects.set(Key, Buffer.from(Body).toString()) })
  cloud.assets.set('assets/code.zip', join(cloud.dataDir, 'code'))
  served = [
    createKinesis(cloud, { delayMs: 0 }),
    createFirehose(cloud, { delayMs: 0 }),
    createKinesisAnalytics(cloud, options),
  ]
  for (const service of served) cloud.add(service)
  for (const service of served) void service.start?.()
}

/** An empty cloud with the application's code as an asset. */
function newCloud(): void {
  cloud = testCloud()
  objects = new Map()
  mkdirSync(join(cloud.dataDir, 'code'))
  writeFileSync(join(cloud.dataDir, 'code', 'main.py'), '')
  writeFileSync(join(cloud.dataDir, 'code', 'job.sql'), script)
}
beforeEach(newCloud)
afterEach(() => cloud.dispose())

const application = (operation: string, input: object = {}) =>
  cloud.as('kinesisanalytics', operation, { ApplicationName: 'users', ...input })
const status = async () => (await application('DescribeApplication')).ApplicationDetail.ApplicationStatus

async function createStreams(shards = 1): Promise<void> {
  await cloud.as('kinesis', 'CreateStream', { StreamName: 'users', ShardCount: shards })
  for (const name of sinks)
    await cloud.as('firehose', 'CreateDeliveryStream', {
      DeliveryStreamName: name,
      ExtendedS3DestinationConfiguration: {
        RoleARN: role,
        BucketARN: 'arn:aws:s3:::lake',
        Prefix: `${name}/`,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            { Type: 'AppendDelimiterToRecord', Parameters: [{ ParameterName: 'Delimiter', ParameterValue: '\\n' }] },
          ],
        },
      },
    })
}

async function createApplication(checkpointMs = 200): Promise<void> {
  const code = { bucketArn: 'arn:aws:s3:::assets', key: 'code.zip' }
  await application('CreateApplication', usersApplication({ role, code, sinks, checkpointMs }))
}

/** The streams and the application that joins them, running. */
async function startPipeline({ shards = 1, checkpointMs = 200 } = {}): Promise<void> {
  await createStreams(shards)
  await createApplication(checkpointMs)
  await start()
}

async function start(): Promise<void> {
  await application('StartApplication')
  await until(async () => (await status()) === 'RUNNING')
}

class Producer {
  readonly generator = new UserGenerator({ seed: 9, bad: 0.1 })
  readonly #start = Date.now() - 120_000
  #sent = 0

  async send(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const batch = Array.from({ length: Math.min(500, left) }, () =>
        this.generator.next(this.#start + this.#sent++ * 3),
      )
      const Records = batch.map(({ record, partitionKey }) => ({
        Data: Buffer.from(record),
        PartitionKey: partitionKey,
      }))
      await cloud.as('kinesis', 'PutRecords', { StreamName: 'users', Records })
      left -= batch.length
    }
  }
}

const rows = (name: string): any[] =>
  [...objects]
    .filter(([key]) => key.startsWith(`${name}/`))
    .flatMap(([, body]) =>
      body
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    )
const delivered = () => rows('users-transformed').length + rows('users-errors').length

/** Sends so many records, and waits until they are in S3. */
async function deliver(records: number): Promise<Producer> {
  const producer = new Producer()
  await producer.send(records)
  await until(() => delivered() >= records)
  return producer
}

describe('an application', () => {
  it('carries every record to the users or to the errors in S3', async () => {
    serve()
    await startPipeline({ shards: 4 })
    const producer = await deliver(5000)

    const { good, errors } = producer.generator.truth
    expect(rows('users-transformed')).toHaveLength(good)
    const reasons = Object.fromEntries(
      Object.keys(errors).map((reason) => [reason, rows('users-errors').filter((row) => row.reason === reason).length]),
    )
    expect(reasons).toEqual(errors)
    const counted = rows('users-counts').reduce((sum, row) => sum + row.users, 0)
    expect(counted).toBeGreaterThan(0)
    expect(counted).toBeLessThanOrEqual(good)
    const reads = cloud.calls.filter((call) => call.service === 'kinesis' && call.operation === 'GetRecords')
    expect(new Set(reads.map((call) => call.principal.roleArn))).toEqual(new Set([role]))
  })

  it('reads on in the children when the shards are split', async () => {
    serve()
    await startPipeline()
    const producer = new Producer()
    await producer.send(500)
    await cloud.as('kinesis', 'UpdateShardCount', {
      StreamName: 'users',
      TargetShardCount: 2,
      ScalingType: 'UNIFORM_SCALING',
    })
    await sleep(5)
    await producer.send(500)
    await until(() => delivered() >= 1000)

    expect(rows('users-transformed')).toHaveLength(producer.generator.truth.good)
    expect(delivered()).toBe(1000)
  })

  it('tells CloudWatch how many records went where, so that all of them are accounted for', async () => {
    const sums = new Map<string, number>()
    cloud.fake('monitoring', {
      PutMetricData({ Namespace, MetricData }) {
        for (const { MetricName, Dimensions, StatisticValues } of MetricData) {
          const key = `${Namespace} ${Dimensions[0].Value} ${MetricName}`
          sums.set(key, (sums.get(key) ?? 0) + StatisticValues.Sum)
        }
      },
    })
    serve()
    await startPipeline()
    const producer = await deliver(1000)
    await closeServices()

    const sum = (key: string) => sums.get(key) ?? 0
    const { good } = producer.generator.truth
    expect(sum('AWS/Kinesis users IncomingRecords')).toBe(1000)
    expect(sum('AWS/KinesisAnalytics users numRecordsIn')).toBe(1000)
    expect(sum('AWS/Firehose users-transformed DeliveryToS3.Records')).toBe(good)
    expect(sum('AWS/Firehose users-errors DeliveryToS3.Records')).toBe(1000 - good)
    expect(sum('AWS/KinesisAnalytics users numRecordsOut')).toBe(1000 + rows('users-counts').length)
  })

  it('goes on from its checkpoint after the local cloud was stopped, without loss or repetition', async () => {
    serve()
    await startPipeline()
    const producer = await deliver(1000)
    await cloud.as('kinesis', 'ListStreams')

    // A stop in good order takes a last checkpoint.
    await closeServices()
    cloud = cloud.restart()
    serve()
    expect(await status()).toBe('RUNNING')
    await producer.send(1000)
    await until(() => delivered() >= 2000)
    await sleep(300)

    expect(delivered()).toBe(2000)
    expect(new Set(rows('users-transformed').map((row) => row.id)).size).toBe(producer.generator.truth.good)
  })

  it('repeats at most what came behind its last checkpoint when it is killed, and nothing with exactly-once', async () => {
    for (const exactlyOnce of [false, true]) {
      await cloud.dispose()
      newCloud()
      serve({ exactlyOnce })
      await startPipeline({ checkpointMs: 3_600_000 })
      const producer = await deliver(1000)

      // Killed: no checkpoint was taken since the start, so all is read again. The old job hangs at its next step, its stream being gone.
      const killed = cloud
      cloud = cloud.restart()
      killed.fake('kinesis', { GetRecords: () => new Promise(() => {}) })
      serve({ exactlyOnce })
      await producer.send(1000)
      await until(() => delivered() >= (exactlyOnce ? 2000 : 3000))
      await sleep(500)

      expect(delivered()).toBe(exactlyOnce ? 2000 : 3000)
      expect(new Set(rows('users-transformed').map((row) => row.id)).size).toBe(producer.generator.truth.good)
    }
  }, 40_000)

  it('stops, starts again where it was, and is deleted', async () => {
    serve()
    await startPipeline()
    const producer = await deliver(500)
    await application('StopApplication')
    await until(async () => (await status()) === 'READY')
    await producer.send(500)
    await sleep(200)
    expect(delivered()).toBe(500)
    await start()
    await until(() => delivered() >= 1000)
    expect(delivered()).toBe(1000)

    const { CreateTimestamp } = (await application('DescribeApplication')).ApplicationDetail
    expect(await failure(() => application('DeleteApplication', { CreateTimestamp: new Date(0) }))).toMatchObject({
      name: 'InvalidArgumentException',
    })
    await application('DeleteApplication', { CreateTimestamp })
    await until(async () => (await cloud.as('kinesisanalytics', 'ListApplications')).ApplicationSummaries.length === 0)
    expect(await failure(status)).toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('takes an update while it runs as a new version', async () => {
    serve()
    await startPipeline()
    await application('UpdateApplication', {
      CurrentApplicationVersionId: 1,
      ApplicationConfigurationUpdate: {
        FlinkApplicationConfigurationUpdate: { CheckpointConfigurationUpdate: { CheckpointIntervalUpdate: 500 } },
      },
    })
    await until(async () => (await status()) === 'RUNNING')
    const { ApplicationDetail } = await application('DescribeApplication')
    expect(ApplicationDetail.ApplicationVersionId).toBe(2)
    expect(
      ApplicationDetail.ApplicationConfigurationDescription.FlinkApplicationConfigurationDescription
        .CheckpointConfigurationDescription.CheckpointInterval,
    ).toBe(500)
    expect((await application('ListApplicationVersions')).ApplicationVersionSummaries).toHaveLength(2)
    expect(await failure(() => application('UpdateApplication', { CurrentApplicationVersionId: 1 }))).toMatchObject({
      name: 'ConcurrentModificationException',
    })
  })
})

describe('an application that cannot start', () => {
  async function startFailure(): Promise<string> {
    const { OperationId } = await application('StartApplication')
    await until(async () => (await status()) === 'READY')
    const { ApplicationOperationInfoDetails } = await application('DescribeApplicationOperation', { OperationId })
    expect(ApplicationOperationInfoDetails.OperationStatus).toBe('FAILED')
    return ApplicationOperationInfoDetails.OperationFailureDetails.ErrorInfo.ErrorString
  }

  it('says where its SQL is wrong', async () => {
    serve()
    writeFileSync(join(cloud.dataDir, 'code', 'job.sql'), script.replace('FROM users_raw', 'FROM users_row'))
    await createApplication()
    expect(await startFailure()).toMatch(/FlinkSqlSyntaxError: \d+:6: Object 'users_row' not found/)
  })

  it('says which variable has no value, and which connector is not there', async () => {
    serve()
    writeFileSync(join(cloud.dataDir, 'code', 'job.sql'), script.replaceAll('${REGION}', '${REGIO}'))
    await createApplication()
    expect(await startFailure()).toMatch(/\$\{REGIO\}/)
    writeFileSync(
      join(cloud.dataDir, 'code', 'job.sql'),
      script.replace("'connector' = 'kinesis'", "'connector' = 'kafka'"),
    )
    expect(await startFailure()).toMatch(/kafka/)
  })
})

/** Closes what serves, as the end of the local cloud does, and keeps its data. */
async function closeServices(): Promise<void> {
  for (const service of served.splice(0).reverse()) await service.close?.()
}
