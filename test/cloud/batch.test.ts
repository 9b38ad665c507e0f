import { readFileSync } from 'node:fs'
import { DescribeClusterCommand, EMRClient, ListClustersCommand, ListStepsCommand } from '@aws-sdk/client-emr'
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { GetExecutionHistoryCommand } from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Truth } from '../../data/loans/generate-archive.ts'
import { generateArchive } from '../../data/loans/generate-archive.ts'
import { hasMysql } from '../support/mysql.ts'
import { type Running, startRunning } from '../support/running.ts'
import { alarm, silent } from '../support/watched.ts'

let running: Running
let first: any

beforeAll(async () => {
  running = await startRunning({ loans: 300 })
  const execution = await running.end(await running.start({ load: { mysql: hasMysql } }))
  expect(execution.error, execution.cause).toBeUndefined()
  first = { ...execution, output: JSON.parse(execution.output!) }
})
afterAll(() => running.close())

function sum(pick: (truth: Truth) => number): number {
  return running.archives.reduce((total, { truth }) => total + pick(truth), 0)
}

describe('the batch workflow on two dirty quarters', () => {
  it('succeeds with the counts of the truth files in every store', () => {
    const origination = {
      raw: sum(({ tables }) => tables.origination.raw),
      rejected: sum(({ tables }) => tables.origination.rejected),
      processed: sum(({ tables }) => tables.origination.processed),
    }
    const performance = {
      raw: sum(({ tables }) => tables.performance.raw),
      rejected: sum(({ tables }) => tables.performance.rejected),
      processed: sum(({ tables }) => tables.performance.processed),
    }
    expect(first.status).toBe('SUCCEEDED')
    expect(origination.rejected).toBeGreaterThan(0)
    expect(performance.rejected).toBeGreaterThan(0)
    expect(first.output.counts).toMatchObject({
      origination: {
        ...origination,
        redshift: origination.processed,
        ...(hasMysql && { mysql: origination.processed }),
      },
      performance: { ...performance, redshift: performance.processed },
    })
  })

  it.skipIf(!hasMysql || process.platform !== 'linux')(
    'is measured in all that its dashboard draws and its alarms watch',
    async () => {
      // The database's share of the processor is known after some seconds.
      await expect.poll(() => silent(running.cloud, 'batch'), { interval: 500 }).toEqual([])
    },
  )

  it('leaves no cluster running, and every step completed', async () => {
    const emr = new EMRClient(running.clientOptions)
    const { Clusters = [] } = await emr.send(new ListClustersCommand({}))
    expect(Clusters.map((cluster) => cluster.Status?.State)).toEqual(['TERMINATED'])
    const { Steps = [] } = await emr.send(new ListStepsCommand({ ClusterId: Clusters[0]!.Id! }))
    expect(Steps.length).toBeGreaterThanOrEqual(4)
    expect(new Set(Steps.map((step) => step.Status?.State))).toEqual(new Set(['COMPLETED']))
    const { Cluster } = await emr.send(new DescribeClusterCommand({ ClusterId: Clusters[0]!.Id! }))
    expect(Cluster?.Applications?.map((application) => application.Name)).toContain('Hive')
  })

  it('answers questions of Redshift through the Data API', async () => {
    const redshift = new RedshiftDataClient(running.clientOptions)
    const { Id } = await redshift.send(
      new ExecuteStatementCommand({
        WorkgroupName: running.cloud.outputs.RedshiftWorkgroupName!,
        Database: running.cloud.outputs.RedshiftDatabaseName!,
        Sql: 'SELECT quarter, COUNT(*) FROM performance GROUP BY quarter ORDER BY quarter',
      }),
    )
    await expect.poll(async () => (await redshift.send(new DescribeStatementCommand({ Id }))).Status).toBe('FINISHED')
    const { Records } = await redshift.send(new GetStatementResultCommand({ Id }))
    expect(Records).toEqual(
      running.archives.map(({ truth }) => [
        { stringValue: truth.quarter },
        { longValue: truth.tables.performance.processed },
      ]),
    )
  })

  it('writes a history that the SDK reads, and a report into the bucket', async () => {
    const { events = [] } = await running.sfn.send(
      new GetExecutionHistoryCommand({ executionArn: first.executionArn, maxResults: 1000 }),
    )
    expect(events[0]?.type).toBe('ExecutionStarted')
    expect(events.at(-1)?.type).toBe('ExecutionSucceeded')
    const s3 = new S3Client(running.clientOptions)
    const Bucket = running.cloud.outputs.ReportsBucketName!
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'batch/' }))
    const html = Contents.find(({ Key }) => Key!.endsWith('report.html'))
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: html!.Key! }))
    expect(await Body!.transformToString()).toContain('1999Q2')
  })

  it('has compared what every column holds, not rows alone', async () => {
    const { cloud, outputs } = running.cloud
    const { Items } = await cloud.call<any>(cloud.admin, 'dynamodb', 'Scan', { TableName: outputs.ArchivesTableName! })
    expect(Items).toHaveLength(2)
    for (const { quarter, hive } of Items) {
      const { truth } = running.archives.find((archive) => archive.truth.quarter === quarter.S)!
      for (const table of ['origination', 'performance'] as const) {
        const { processed, columns } = truth.tables[table]
        const [rows, ...values] = hive.M[table].M.measures.S.split('|')
        expect(Number(rows)).toBe(processed)
        if (table === 'origination') {
          const { nulls, sum } = columns.classic_fico!
          expect(values.slice(0, 2).map(Number)).toEqual([processed - nulls, sum])
        }
      }
    }
  })

  it('reports why records were rejected, as the truth files say', async () => {
    const s3 = new S3Client(running.clientOptions)
    const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(first.output.report.json)!
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: Bucket!, Key: Key! }))
    const { quarters } = JSON.parse(await Body!.transformToString())
    for (const { truth } of running.archives) {
      const reported = quarters.find(({ quarter }: any) => quarter === truth.quarter)
      for (const table of ['origination', 'performance'] as const) {
        const reasons = Object.entries(truth.tables[table].rejects).filter(([, records]) => records > 0)
        expect(reported[table].reasons).toEqual(Object.fromEntries(reasons))
      }
    }
  })

  it('keeps task tokens and passwords out of every log', () => {
    const log = readFileSync(`${running.dataDir}/log/cloud.log`, 'utf8')
    expect(log).not.toContain('open-sesame')
  })
})

describe('running it again', () => {
  it('collects nothing, changes nothing and gives the same counts, also after a restart of the cloud', async () => {
    await running.restart()
    const again = await running.end(await running.start({ load: { mysql: hasMysql } }))
    expect(again.status, again.cause).toBe('SUCCEEDED')
    expect(JSON.parse(again.output!).counts).toEqual(first.output.counts)
    const emr = new EMRClient(running.clientOptions)
    expect((await emr.send(new ListClustersCommand({}))).Clusters).toHaveLength(1)
  })

  it('replaces exactly the quarter whose archive was published anew', async () => {
    const republished = await generateArchive({
      quarter: '1999Q2',
      loans: 250,
      seed: 7,
      dirty: 0.02,
      folder: running.folder,
    })
    const execution = await running.end(await running.start({ load: { mysql: hasMysql } }))
    expect(execution.status, execution.cause).toBe('SUCCEEDED')
    const { counts } = JSON.parse(execution.output!)
    const kept = running.archives[0]!.truth.tables
    const now = republished.truth.tables
    expect(counts.origination).toMatchObject({
      raw: kept.origination.raw + now.origination.raw,
      rejected: kept.origination.rejected + now.origination.rejected,
      redshift: kept.origination.processed + now.origination.processed,
      ...(hasMysql && { mysql: kept.origination.processed + now.origination.processed }),
    })
    expect(counts.performance.redshift).toBe(kept.performance.processed + now.performance.processed)
  })

  it('leaves nothing of what a quarter had before, when it has no rejects and fewer reporting years now', async () => {
    // Prepare
    const s3 = new S3Client(running.clientOptions)
    const Bucket = running.cloud.outputs.ProcessedBucketName!
    const keys = async (Prefix: string) =>
      ((await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(({ Key }) => Key!)
    const years = async () =>
      new Set((await keys('performance/quarter=1999Q2/')).map((key) => /reporting_year=(\d+)/.exec(key)?.[1]))
    expect(await years()).toContain('2001')
    expect(await keys('quarantine/performance/quarter=1999Q2/')).not.toEqual([])
    const { truth } = await generateArchive({
      quarter: '1999Q2',
      loans: 40,
      seed: 3,
      dirty: 0,
      through: '1999-12',
      folder: running.folder,
    })

    // Act
    const execution = await running.end(await running.start({ load: { mysql: hasMysql } }))

    // Assess
    expect(execution.status, execution.cause).toBe('SUCCEEDED')
    expect(await years()).toEqual(new Set(['1999']))
    for (const table of ['origination', 'performance'])
      expect(await keys(`quarantine/${table}/quarter=1999Q2/`)).toEqual([])
    const kept = running.archives[0]!.truth.tables
    const { counts } = JSON.parse(execution.output!)
    expect(counts.performance).toMatchObject({
      raw: kept.performance.raw + truth.tables.performance.raw,
      rejected: kept.performance.rejected,
      redshift: kept.performance.processed + truth.tables.performance.processed,
    })
  })
})

describe('two executions at once', () => {
  it('are refused to the second, which names the first; the first is not disturbed', async () => {
    await generateArchive({ quarter: '1999Q2', loans: 30, seed: 5, dirty: 0.05, folder: running.folder })
    const one = await running.start({ load: { mysql: hasMysql } }, 'one')
    await expect.poll(() => running.entered(one), { interval: 20 }).toContain('IsAnythingNew')
    const two = await running.end(await running.start({}, 'two'))
    expect(two).toMatchObject({ status: 'FAILED', error: 'AnotherExecutionRuns' })
    expect(two.cause).toContain(one)
    await expect.poll(async () => (await alarm(running.cloud, 'BatchLost')).StateValue).toBe('ALARM')
    expect((await running.end(one)).status).toBe('SUCCEEDED')
    const three = await running.end(await running.start({ load: { mysql: hasMysql } }, 'three'))
    expect(three.status, three.cause).toBe('SUCCEEDED')
  })
})
