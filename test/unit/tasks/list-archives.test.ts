import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Archive, identity } from '../../../tasks/batch/archive/archive.ts'
import { archivesOf, type Plan, planOf } from '../../../tasks/batch/archive/plan.ts'
import { type ArchiveRow, markCollected, markLoaded, markProcessed } from '../../../tasks/batch/archive/table.ts'
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

describe('archivesOf', () => {
  it('finds the archives of every release among other files, in order of quarters', () => {
    const file = (name: string) => ({ name, size: 1, checksum: 'sha256:a' })
    const files = [
      'historical_data_2000Q1.zip',
      'readme.pdf',
      'historical_data1_Q41999.zip',
      'historical_data_1999.zip',
    ]
    expect(archivesOf(files.map(file), 'http://site/').map(({ quarter }) => quarter)).toEqual(['1999Q4', '2000Q1'])
  })

  it('refuses two archives of one quarter with LayoutConflict, naming both', async () => {
    const files = ['historical_data_1999Q4.zip', 'historical_data1_Q41999.zip'].map((name) => ({
      name,
      size: 1,
      checksum: 'x',
    }))
    const error = await failure(() => archivesOf(files, 'http://site/'))
    expect(error).toMatchObject({ name: 'LayoutConflict' })
    for (const { name } of files) expect(error.message).toContain(name)
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
  })

  it('asks no store that the execution leaves out', () => {
    const known = row({ loaded: seen, stores: { redshift: held.redshift } })
    expect(planOf([archive('1999Q1')], [known], { mysql: false, redshift: true }).load).toEqual([])
  })

  it('stays far below what a state can pass on, with every quarter there is', () => {
    const quarters = Array.from({ length: 109 }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
    const plan = planOf(
      quarters.map((quarter) => archive(quarter, `sha256:${'f'.repeat(64)}`)),
      [],
      both,
    )
    expect(plan.load).toHaveLength(109)
    expect(JSON.stringify(plan).length).toBeLessThan(64 * 1024)
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
