import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { archiveRow, markCollected, markProcessed } from '../../../tasks/batch/archive/table.ts'
import { handler } from '../../../tasks/batch/clear-quarters.ts'
import { failure } from '../../support/cloud.ts'
import { archivesTable, bucket, execution, heldLock, invoke, startAws, type TestAws } from './aws.ts'

let aws: TestAws
let environment: { PROCESSED_BUCKET: string; ARCHIVES_TABLE: string; LOCKS_TABLE: string }

beforeEach(async () => {
  aws = await startAws()
  environment = {
    PROCESSED_BUCKET: await bucket(aws.cloud, 'processed'),
    ARCHIVES_TABLE: await archivesTable(aws.cloud),
    LOCKS_TABLE: await heldLock(aws.cloud),
  }
})
afterEach(() => aws.close())

const put = (key: string) => aws.cloud.as('s3', 'PutObject', { Bucket: 'processed', Key: key, Body: Buffer.from('x') })
const keys = async () =>
  ((await aws.cloud.as('s3', 'ListObjectsV2', { Bucket: 'processed' })).Contents ?? []).map(({ Key }: any) => Key)
const clear = (quarters: string[]) =>
  invoke<{ removed: number }>(handler, { execution: execution(), quarters }, environment)

/** A file in each place where hql/ writes rows of a quarter. */
const derived = (quarter: string) => [
  `export/origination/quarter=${quarter}/000000_0`,
  `origination/origination_year=${quarter.slice(0, 4)}/quarter=${quarter}/000000_0`,
  `performance/quarter=${quarter}/reporting_year=1999/000000_0`,
  `performance/quarter=${quarter}/reporting_year=2000/000000_0`,
  `quarantine/origination/quarter=${quarter}/000000_0`,
  `quarantine/performance/quarter=${quarter}/000000_0`,
  `servicing/quarter=${quarter}/000000_0`,
]

describe('ClearQuarters', () => {
  it('removes what was derived of these quarters and nothing else, and may run again', async () => {
    const others = [...derived('1999Q2'), 'counts/run=a/000000_0']
    for (const key of [...derived('1999Q1'), ...others]) await put(key)
    expect(await clear(['1999Q1'])).toEqual({ removed: 7 })
    expect(await keys()).toEqual(others.toSorted())
    expect(await clear(['1999Q1'])).toEqual({ removed: 0 })
  })

  it('removes more than S3 lists and deletes at once', async () => {
    const many = Array.from({ length: 1100 }, (_, i) => `performance/quarter=1999Q1/reporting_year=1999/${i}`)
    await Promise.all(many.map(put))
    expect(await clear(['1999Q1'])).toEqual({ removed: 1100 })
    expect(await keys()).toEqual([])
  })

  it('lets nobody believe that the quarter is still processed, and keeps what is known besides', async () => {
    const archive = { quarter: '1999Q1', name: 'a.zip', size: 1, checksum: 'sha256:a' }
    const counts = { raw: 1, rejected: 0, processed: 1 }
    await markCollected(environment.ARCHIVES_TABLE, archive, 'r47')
    await markProcessed(environment.ARCHIVES_TABLE, archive, { origination: counts, performance: counts })
    await clear(['1999Q1'])
    const row = await archiveRow(environment.ARCHIVES_TABLE, '1999Q1')
    expect(row).toMatchObject({ collected: 'a.zip|1|sha256:a', layout: 'r47' })
    expect(row).not.toHaveProperty('processed')
  })

  it('refuses what is no quarter, before anything is removed', async () => {
    await put('performance/quarter=1999Q1/reporting_year=1999/0')
    expect(await failure(() => clear(['']))).toMatchObject({ name: 'ValidationError' })
    expect(await keys()).toHaveLength(1)
  })
})
