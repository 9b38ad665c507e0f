import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Archive, identity } from '../../../tasks/batch/archive/archive.ts'
import { archivesOf, type Plan, planOf } from '../../../tasks/batch/archive/plan.ts'
import { quarantinePrefix, type Rejection } from '../../../tasks/batch/archive/rejection.ts'
import {
  type ArchiveRow,
  markCollected,
  markLoaded,
  markProcessed,
  markRejected,
} from '../../../tasks/batch/archive/table.ts'
import { handler } from '../../../tasks/batch/list-archives.ts'
import { failure } from '../../support/cloud.ts'
import { archivesTable, bucket, execution, invoke, jobsTable, locksTable, startAws, type TestAws } from './aws.ts'
import { scriptServices } from './services.ts'

const both = { mysql: true, redshift: true }
const hive = { origination: { raw: 2, rejected: 1, processed: 1 }, performance: { raw: 2, rejected: 0, processed: 2 } }
const held = { mysql: { origination: 1 }, redshift: { origination: 1, performance: 2 } }
const archive = (quarter: string, checksum = 'sha256:a'): Archive => ({
  quarter,
  name: `historical_data_${quarter}.zip`,
  size: 10,
  checksum,
})

const rejectionOf = (one: Archive, reason = 'damaged'): Rejection => {
  const prefix = `s3://stepwell-storageprocessed-0123456789ab/${quarantinePrefix(one)}`
  const kept = { location: prefix + one.name, record: `${prefix}rejection.json` }
  return { ...one, error: 'ArchiveCorrupt', reason, ...kept, rejectedAt: '2026-11-22T12:00:00.000Z' }
}

describe('archivesOf', () => {
  it('finds the archives of every release among other files, in order of quarters', () => {
    const file = (name: string) => ({ name, size: 1, checksum: 'sha256:a' })
    const files = [
      'historical_data_2000Q1.zip',
      'readme.pdf',
      'historical_data1_Q41999.zip',
      'historical_data_1999.zip',
    ]
    expect(archivesOf(files.map(file)).map(({ quarter }) => quarter)).toEqual(['1999Q4', '2000Q1'])
  })
})

describe('planOf', () => {
  const row = (stages: Partial<ArchiveRow>): ArchiveRow => ({ quarter: '1999Q1', ...stages })
  const seen = identity(archive('1999Q1'))
  const old = identity(archive('1999Q1', 'sha256:old'))

  it.each([
    ['never seen', undefined, 'collect process load'],
    ['collected', row({ collected: seen }), 'process load'],
    ['processed', row({ collected: seen, processed: seen }), 'load'],
    ['loaded', row({ collected: seen, processed: seen, loaded: seen, stores: held }), ''],
    ['republished', row({ collected: old, processed: old, loaded: old, stores: held }), 'collect process load'],
    ['republished and collected', row({ collected: seen, processed: old, loaded: old, stores: held }), 'process load'],
    [
      'loaded without MySQL',
      row({ collected: seen, processed: seen, loaded: seen, stores: { redshift: held.redshift } }),
      'load',
    ],
  ])('an archive that is %s', (_, known, left) => {
    const plan = planOf([archive('1999Q1')], known ? [known] : [], both)
    const todo = (['collect', 'process', 'load'] as const).filter((stage) => plan[stage].includes('1999Q1')).join(' ')
    expect(todo).toBe(left)
    expect(plan.archives).toHaveLength(left === '' ? 0 : 1)
    expect([plan.found, plan.unchanged]).toEqual([1, left.includes('collect') ? 0 : 1])
  })

  it('asks no store that the execution leaves out', () => {
    const known = row({ loaded: seen, stores: { redshift: held.redshift } })
    expect(planOf([archive('1999Q1')], [known], { mysql: false, redshift: true }).load).toEqual([])
  })

  it('stays far below what a state can pass on, with every quarter there is', () => {
    const quarters = Array.from({ length: 109 }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
    const archives = quarters.map((quarter) => archive(quarter, `sha256:${'f'.repeat(64)}`))
    const plan = planOf(archives, [], both)
    expect(plan.load).toHaveLength(109)
    expect(JSON.stringify(plan).length).toBeLessThan(64 * 1024)
    const rejected = archives.map((one) => rejectionOf(one, 'r'.repeat(500)))
    expect(JSON.stringify({ ...plan, rejected }).length).toBeLessThan(256 * 1024)
  })

  it('leaves out what is rejected', () => {
    const archives = ['1999Q1', '1999Q2'].map((quarter) => archive(quarter))
    const plan = planOf(archives, [], both, [rejectionOf(archives[0]!)])
    expect(plan).toMatchObject({ found: 2, collect: ['1999Q2'], load: ['1999Q2'], unchanged: 0 })
    expect(plan.archives).toEqual([archives[1]])
  })
})

describe('ListArchives', () => {
  let aws: TestAws
  let environment: Record<string, string>
  const list = (input: unknown) => invoke<Plan>(handler, { execution: execution(), input }, environment)

  beforeEach(async () => {
    aws = await startAws()
    environment = {
      SOURCE_DRIVER: 's3',
      SOURCE_URL: '',
      RAW_BUCKET: await bucket(aws.cloud, 'raw'),
      PROCESSED_BUCKET: await bucket(aws.cloud, 'processed'),
      LANDING_PREFIX: 'landing/',
      ARCHIVES_TABLE: await archivesTable(aws.cloud),
      LOCKS_TABLE: await locksTable(aws.cloud),
      JOBS_TABLE: await jobsTable(aws.cloud),
    }
    for (const quarter of ['1999Q1', '1999Q2']) {
      await aws.cloud.as('s3', 'PutObject', {
        Bucket: 'raw',
        Key: `landing/historical_data_${quarter}.zip`,
        Body: quarter,
      })
    }
    await aws.cloud.as('s3', 'PutObject', {
      Bucket: 'raw',
      Key: 'landing/deeper/historical_data_1999Q3.zip',
      Body: 'x',
    })
  })
  afterEach(() => aws.close())

  it('plans all that is new, for both stores, without any input', async () => {
    const plan = await list({})
    expect(plan).toMatchObject({
      collect: ['1999Q1', '1999Q2'],
      process: ['1999Q1', '1999Q2'],
      load: ['1999Q1', '1999Q2'],
      stores: both,
    })
    expect(plan.archives[0]).toMatchObject({ quarter: '1999Q1', name: 'historical_data_1999Q1.zip', size: 6 })
  })

  it('plans the chosen quarters and stores', async () => {
    expect(await list({ quarters: ['1999Q2'], load: { mysql: false } })).toMatchObject({
      load: ['1999Q2'],
      stores: { mysql: false, redshift: true },
    })
  })

  it('plans nothing once everything is loaded', async () => {
    for (const one of (await list({})).archives) {
      await markCollected('archives', one, 'r47')
      await markProcessed('archives', one, hive)
      await markLoaded('archives', one, held)
    }
    expect(await list(undefined)).toMatchObject({ archives: [], collect: [], process: [], load: [] })
  })

  it('rejects two archives of one quarter, and plans the others', async () => {
    const both = ['historical_data_1999Q1.zip', 'historical_data1_Q11999.zip']
    await aws.cloud.as('s3', 'PutObject', { Bucket: 'raw', Key: `landing/${both[1]}`, Body: 'other' })
    const plan = await list({})
    expect(plan).toMatchObject({ found: 3, collect: ['1999Q2'], load: ['1999Q2'], unchanged: 0 })
    expect(plan.rejected.map(({ name }) => name).toSorted()).toEqual(both.toSorted())
    for (const { error, reason, name, location, record } of plan.rejected) {
      expect(error).toBe('LayoutConflict')
      for (const one of both) expect(reason).toContain(one)
      expect(location).toBe(`s3://raw/landing/${name}`)
      const Key = record.replace('s3://processed/', '')
      expect(await aws.cloud.as('s3', 'HeadObject', { Bucket: 'processed', Key })).toMatchObject({
        ContentType: 'application/json',
      })
    }
    // Whoever asks for another quarter has nothing to do with it.
    expect((await list({ quarters: ['1999Q2'] })).rejected).toEqual([])
  })

  it('rejects an archive again that is the same, looks at another one, and at the same when it is asked to', async () => {
    const [one] = (await list({})).archives
    const rejected = rejectionOf(one!)
    await markRejected('archives', rejected)
    expect(await list({})).toMatchObject({ found: 2, collect: ['1999Q2'], rejected: [rejected] })
    expect(await list({ quarters: ['1999Q1'] })).toMatchObject({ found: 1, collect: ['1999Q1'], rejected: [] })
    await aws.cloud.as('s3', 'PutObject', { Bucket: 'raw', Key: `landing/${one!.name}`, Body: 'another' })
    expect(await list({})).toMatchObject({ collect: ['1999Q1', '1999Q2'], rejected: [] })
  })

  it.each([
    ['an unknown option', { quarter: ['1999Q1'] }],
    ['an unknown store', { load: { postgres: true } }],
    ['a quarter that is none', { quarters: ['1999Q5'] }],
    ['no quarter at all', { quarters: [] }],
  ])('refuses %s with ValidationError', async (_, input) => {
    expect(await failure(() => list(input))).toMatchObject({ name: 'ValidationError' })
  })

  it('refuses a quarter that the source does not list', async () => {
    const error = await failure(() => list({ quarters: ['1999Q1', '2005Q1'] }))
    expect(error).toMatchObject({ name: 'ArchiveMissing' })
    expect(error.message).toContain('2005Q1')
  })

  it('refuses to plan while another execution runs, and plans again when that has ended', async () => {
    const { executions } = scriptServices(aws.cloud)
    const other = (name: string) => invoke<Plan>(handler, { execution: execution(name), input: {} }, environment)
    executions.set(execution().Id, 'RUNNING')
    await list({})
    expect(await failure(() => other('run-2'))).toMatchObject({ name: 'AnotherExecutionRuns' })
    executions.set(execution().Id, 'FAILED')
    expect((await other('run-2')).load).toHaveLength(2)
  })
})
