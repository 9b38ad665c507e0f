/**
 * Archives that cannot be read, beside others that can: what is wrong with one goes to the quarantine, the quarters of the others are loaded, and the
 * execution fails by a name of its own when all of that is done. A quarter keeps what it had until a whole archive comes.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Archive, generateArchive } from '../../data/loans/generate-archive.ts'
import { without } from '../support/grants.ts'
import { hasMysql, queryMysql } from '../support/mysql.ts'
import { nothingRuns } from '../support/nothing-runs.ts'
import { type Running, startRunning } from '../support/running.ts'
import { unzip } from '../unit/loans/read-archive.ts'
import { zipOf } from '../unit/tasks/zips.ts'

const load = { mysql: hasMysql, redshift: true }

const GOOD = ['1999Q1', '1999Q2']
/** What is done to the archive of a quarter, and what must be said of it. */
const SPOILT: Record<string, { spoil: (archive: Archive) => Promise<Uint8Array>; error: string; reason: RegExp }> = {
  '1999Q3': {
    spoil: async ({ path }) => {
      const bytes = await readFile(path)
      return bytes.fill(0x55, bytes.length >> 2, bytes.length >> 1)
    },
    error: 'ArchiveCorrupt',
    reason: /_1999Q3\.txt of historical_data_1999Q3\.zip is damaged/,
  },
  '1999Q4': {
    spoil: async ({ path, size }) => (await readFile(path)).subarray(0, size >> 1),
    error: 'ArchiveCorrupt',
    reason: /historical_data_1999Q4\.zip is no whole zip file/,
  },
  '2000Q1': {
    spoil: async () => Buffer.from('<html>Service unavailable</html>'),
    error: 'ArchiveCorrupt',
    reason: /historical_data_2000Q1\.zip is no whole zip file/,
  },
  '2000Q2': {
    spoil: (archive) => rewritten(archive, (text) => text.replaceAll('\n', '|\n')),
    error: 'LayoutConflict',
    reason: /31 fields\), but its lines have 32 fields, as in the origination of legacy32/,
  },
  '2000Q3': {
    spoil: (archive) => rewritten(archive, () => `${Array(12).fill('7').join('|')}\n`.repeat(9)),
    error: 'LayoutConflict',
    reason: /orig_2000Q3\.txt .*12 fields, as in no known layout/,
  },
}
/** Has a second archive, of another release. */
const TWICE = '2000Q4'
const SECOND = 'historical_data1_Q42000.zip'
const REJECTED = [...Object.keys(SPOILT), TWICE, TWICE]
const QUARTERS = [...GOOD, ...Object.keys(SPOILT), TWICE]

let running: Running
let archives: Map<string, Archive>

beforeAll(async () => {
  running = await startRunning({ quarters: [] })
  archives = new Map()
  for (const quarter of QUARTERS) await publish(quarter)
  for (const [quarter, { spoil }] of Object.entries(SPOILT))
    await overwrite(quarter, await spoil(archives.get(quarter)!))
  await writeFile(join(running.folder, SECOND), 'of another release')
})
afterAll(() => running.close())

async function publish(quarter: string, seed = 1): Promise<void> {
  const archive = await generateArchive({
    quarter,
    loans: 15,
    seed,
    dirty: 0.05,
    folder: running.folder,
    through: end(quarter),
  })
  archives.set(quarter, archive)
}
const end = (quarter: string) => `${Number(quarter.slice(0, 4)) + 1}-03`
const overwrite = (quarter: string, bytes: Uint8Array) => writeFile(archives.get(quarter)!.path, bytes)

/** The archive with another origination file. */
async function rewritten({ path, truth: { quarter } }: Archive, change: (text: string) => string) {
  const [origination, performance] = await unzip(path)
  return zipOf({
    [`orig_${quarter}.txt`]: change(origination!.toString('latin1')),
    [`perf_${quarter}.txt`]: performance!.toString('latin1'),
  })
}

const ask = (service: string, operation: string, input: object): Promise<any> => {
  const { cloud } = running.cloud
  return cloud.call(cloud.admin, service, operation, input)
}

async function textAt(uri: string): Promise<string> {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri)!
  const { Body } = await ask('s3', 'GetObject', { Bucket, Key })
  return Buffer.concat(await Body.toArray()).toString('latin1')
}

/** The execution fails because of rejected archives, and leaves nothing running. @returns its cause and its report */
async function rejects(name: string, input: object = {}): Promise<{ cause: string; report: any; html: string }> {
  const ended = await running.end(await running.start({ load, ...input }, name))
  expect(ended, ended.cause).toMatchObject({ status: 'FAILED', error: 'ArchivesRejected' })
  await nothingRuns(running.clientOptions, running.cloud.outputs)
  const folder = `s3://${running.cloud.outputs.ReportsBucketName}/batch/${name}`
  const report = JSON.parse(await textAt(`${folder}/report.json`))
  return { cause: ended.cause!, report, html: await textAt(`${folder}/report.html`) }
}

/** Of each quarter its originations and the sum of what was lent, in a store. */
const SUMS = 'SELECT quarter, COUNT(*), SUM(original_upb) FROM origination GROUP BY quarter ORDER BY quarter'

async function redshift(): Promise<unknown[][]> {
  const { RedshiftWorkgroupName: WorkgroupName, RedshiftDatabaseName: Database } = running.cloud.outputs
  const { Id } = await ask('redshift-data', 'ExecuteStatement', { WorkgroupName, Database, Sql: SUMS })
  await expect.poll(async () => (await ask('redshift-data', 'DescribeStatement', { Id })).Status).toBe('FINISHED')
  const { Records } = await ask('redshift-data', 'GetStatementResult', { Id })
  return Records.map((fields: object[]) => fields.map((field) => Object.values(field)[0]))
}

/** Every store holds these quarters as their truth files say, and no other. */
async function holds(quarters: Archive[]): Promise<void> {
  const truth = quarters.map(({ truth: { quarter, tables } }) => {
    const { processed, columns } = tables.origination
    return [quarter, processed, Number(columns.original_upb!.sum)]
  })
  const numbers = (rows: unknown[][]) => rows.map(([quarter, ...values]) => [quarter, ...values.map(Number)])
  expect(numbers(await redshift())).toEqual(truth)
  if (hasMysql) expect(numbers(await queryMysql(running.cloud, SUMS))).toEqual(truth)
}

/** The objects that are derived of a quarter, by what is in them. */
async function derived(quarter: string): Promise<string[]> {
  const Bucket = running.cloud.outputs.ProcessedBucketName!
  const { Contents } = await ask('s3', 'ListObjectsV2', { Bucket })
  const own = Contents.filter(({ Key }: any) => Key.includes(`/quarter=${quarter}/`) && !Key.includes('/archives/'))
  return own.map(({ Key, ETag }: any) => `${Key} ${ETag}`)
}

it('do not keep the others from being loaded; each is in the quarantine with its reason', async () => {
  const { cause, report, html } = await rejects('first')

  await holds(GOOD.map((quarter) => archives.get(quarter)!))
  expect(report.quarters.map(({ quarter }: any) => quarter)).toEqual(GOOD)
  expect(report).toMatchObject({ loadedNow: GOOD, archives: { found: 9, collected: 2, unchanged: 0 } })
  expect(report.archives.rejected.map(({ quarter }: any) => quarter).toSorted()).toEqual(REJECTED)
  expect(cause).toContain('7 of 9 archives were rejected')

  const byQuarter = new Map<string, any>(report.archives.rejected.map((one: any) => [one.quarter, one]))
  for (const [quarter, { error, reason }] of Object.entries(SPOILT)) {
    const rejected = byQuarter.get(quarter)
    expect(rejected).toMatchObject({ error, reason: expect.stringMatching(reason) })
    expect(cause).toContain(`${quarter}: ${error}: ${rejected.reason}`)
    expect(html).toContain(rejected.record)
    expect(JSON.parse(await textAt(rejected.record))).toEqual(rejected)
    // The site may put another in its place.
    const kept = Buffer.from(await textAt(rejected.location), 'latin1')
    expect(`sha256:${createHash('sha256').update(kept).digest('hex')}`).toBe(rejected.checksum)
  }
  const { reason, location } = byQuarter.get(TWICE)
  expect(reason).toContain(`historical_data_${TWICE}.zip`)
  expect(reason).toContain(SECOND)
  expect(location).toContain(running.site.url)

  const [topic] = (await ask('sns', 'ListTopics', {})).Topics.map(({ TopicArn }: any) => TopicArn.split(':').pop())
  const told = readFileSync(join(running.dataDir, 'sns', `${topic}.jsonl`), 'utf8')
  expect(told).toContain('IsAnyArchiveRejected failed with ArchivesRejected')
})

it('are told of again as long as they are the same, without being collected', async () => {
  const before = await Promise.all(GOOD.map(derived))
  const { report } = await rejects('same')
  expect(report).toMatchObject({ loadedNow: [], archives: { found: 9, collected: 0, unchanged: 2 } })
  expect(report.archives.rejected).toHaveLength(7)
  const entered = await running.entered(`${executions()}:same`)
  expect(entered).toEqual([
    'ListArchives',
    'IsAnythingNew',
    'Report',
    'IsAnyArchiveRejected',
    'CleanUp',
    'NotifyFailure',
    'Failed',
  ])
  expect(await Promise.all(GOOD.map(derived))).toEqual(before)
})

it('are looked at once more when a quarter is asked for by its name, also when nothing else is', async () => {
  const { report } = await rejects('asked', { quarters: ['2000Q1'] })
  expect(report.archives).toMatchObject({ found: 1, collected: 0, unchanged: 0 })
  const entered = await running.entered(`${executions()}:asked`)
  expect(entered).toContain('CollectQuarter')
  expect(entered).not.toContain('CreateCluster')
})

it.each([
  ['CollectQuarter', '2000Q1'],
  ['ListArchives', TWICE],
])('fail the execution where %s may not put them into the quarantine', async (name, quarter) => {
  const giveBack = without(running.cloud, `Batch${name}Role`, 's3:PutObject')
  const ended = await running.end(await running.start({ load, quarters: [quarter] })).finally(giveBack)
  expect(ended).toMatchObject({ status: 'FAILED', error: 'AccessDenied' })
  expect(ended.cause).toMatch(
    new RegExp(`Batch${name}Role.* to perform: s3:PutObject on resource: \\S+/quarantine/archives/quarter=${quarter}/`),
  )
})

it('leave what their quarter had in every store, beside a quarter that is replaced', async () => {
  const kept = archives.get('1999Q2')!
  const before = await derived('1999Q2')
  await publish('1999Q1', 2)
  await publish('1999Q2', 2)
  const bytes = await readFile(archives.get('1999Q2')!.path)
  // The checksum of the second file, which is read after the first.
  bytes[bytes.lastIndexOf(Buffer.from('PK\x01\x02', 'latin1')) + 16]! ^= 0xff
  await overwrite('1999Q2', bytes)

  const { report } = await rejects('republished')

  expect(report).toMatchObject({ loadedNow: ['1999Q1'], archives: { found: 9, collected: 1, unchanged: 0 } })
  expect(report.archives.rejected).toHaveLength(8)
  await holds([archives.get('1999Q1')!, kept])
  expect(await derived('1999Q2')).toEqual(before)
})

it('are forgotten when whole ones are in their places, or none: the execution succeeds, and every store is right', async () => {
  const mended = ['1999Q2', '1999Q3']
  const away = Object.keys(SPOILT).filter((quarter) => !mended.includes(quarter))
  for (const quarter of mended) await publish(quarter, 3)
  for (const name of [...away.map((quarter) => archives.get(quarter)!.name), SECOND])
    await rm(join(running.folder, name))

  const ended = await running.end(await running.start({ load }))

  expect(ended.status, ended.cause).toBe('SUCCEEDED')
  const output = JSON.parse(ended.output!)
  expect(output.archives).toEqual({ found: 4, collected: 3, unchanged: 1, rejected: 0 })
  expect(output).not.toHaveProperty('failure')
  await holds(['1999Q1', ...mended, TWICE].map((quarter) => archives.get(quarter)!))
})

it('stay where they lie when that is the landing prefix, and are not copied', async () => {
  await running.restart({ SourceDriver: 's3' })
  const Bucket = running.cloud.outputs.RawBucketName!
  for (const quarter of ['2001Q1', '2001Q2']) await publish(quarter)
  const { path, name } = archives.get('2001Q1')!
  await ask('s3', 'PutObject', { Bucket, Key: `landing/${name}`, Body: await readFile(path) })
  const Key = 'landing/historical_data_2001Q2.zip'
  await ask('s3', 'PutObject', { Bucket, Key, Body: (await readFile(archives.get('2001Q2')!.path)).subarray(9) })

  const { report } = await rejects('landing')

  expect(report).toMatchObject({ loadedNow: ['2001Q1'], archives: { found: 2, collected: 1 } })
  expect(report.archives.rejected).toMatchObject([{ quarter: '2001Q2', location: `s3://${Bucket}/${Key}` }])
  const { Contents } = await ask('s3', 'ListObjectsV2', {
    Bucket: running.cloud.outputs.ProcessedBucketName!,
    Prefix: 'quarantine/archives/quarter=2001Q2/',
  })
  expect(Contents.map(({ Key }: any) => Key.split('/').pop())).toEqual(['rejection.json'])
})

const executions = () => running.cloud.outputs.BatchStateMachineArn!.replace(':stateMachine:', ':execution:')
