import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyLine } from '../../../tasks/batch/archive/measures.ts'
import { archiveRow, archiveRows, markProcessed, type QuarterCounts } from '../../../tasks/batch/archive/table.ts'
import { handler as reconcile } from '../../../tasks/batch/reconcile.ts'
import { failure } from '../../support/cloud.ts'
import { archivesTable, execution, heldLock, invoke, startAws, type TestAws } from './aws.ts'

let aws: TestAws
/** Statements in the order in which they were asked. */
let asked: string[]
/** Redshift's rows of every table, by quarter. */
let held: Map<string, number>

beforeEach(async () => {
  aws = await startAws()
  await archivesTable(aws.cloud)
  await heldLock(aws.cloud)
  asked = []
  held = new Map()
  aws.cloud.fake('redshift-data', {
    ExecuteStatement: ({ Sql }: any) => ({ Id: String(asked.push(Sql) - 1) }),
    DescribeStatement: ({ Id }: any) => ({ Id, Status: 'FINISHED' }),
    GetStatementResult: ({ Id }: any) => {
      const values = emptyLine(asked[Number(Id)]!.includes('public.origination') ? 'origination' : 'performance').split(
        '|',
      )
      const named = [...asked[Number(Id)]!.matchAll(/'(\d{4}Q[1-4])'/g)].map(([, quarter]) => quarter!)
      return {
        ColumnMetadata: [{ name: 'quarter' }, ...values.map((_, i) => ({ name: `m${i}` }))],
        Records: named.map((quarter) => [
          { stringValue: quarter },
          ...values.map((value, i) =>
            i === 0
              ? { longValue: held.get(quarter) ?? 1 }
              : value === '\\N'
                ? { isNull: true }
                : { stringValue: value },
          ),
        ]),
      }
    },
  })
})
afterEach(() => aws.close())

const archivesOf = (quarters: string[]) =>
  quarters.map((quarter) => ({ quarter, name: `historical_data_${quarter}.zip`, size: 1, checksum: 'sha256:a' }))

/** Quarters from 1999Q1 on, which Hive has processed, a row each. */
async function processed(count: number): Promise<string[]> {
  const quarters = Array.from({ length: count }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
  const one = (table: 'origination' | 'performance') => ({
    raw: 1,
    rejected: 0,
    processed: 1,
    measures: emptyLine(table).replace(/^0/, '1'),
  })
  const hive: QuarterCounts = { origination: one('origination'), performance: one('performance') }
  for (const archive of archivesOf(quarters)) await markProcessed('archives', archive, hive)
  return quarters
}

const run = (quarters: string[], stores = { mysql: false, redshift: true }) =>
  invoke(
    reconcile,
    { execution: execution(), archives: archivesOf(quarters), quarters, stores, mysqlMeasures: null },
    { REDSHIFT_WORKGROUP: 'w', REDSHIFT_DATABASE: 'loans', ARCHIVES_TABLE: 'archives', LOCKS_TABLE: 'locks' },
  )

describe('Reconcile', () => {
  it('measures some quarters at a time, every quarter once', async () => {
    const quarters = await processed(27)
    expect(await run(quarters)).toEqual({ quarters: 27 })
    expect(asked.length).toBeGreaterThan(2)
    for (const table of ['origination', 'performance']) {
      const queries = asked.filter((sql) => sql.includes(`public.${table} `))
      expect(queries.flatMap((sql) => [...sql.matchAll(/'(\d{4}Q\d)'/g)].map(([, quarter]) => quarter))).toEqual(
        quarters,
      )
    }
    expect((await archiveRows('archives')).filter((row) => row.loaded)).toHaveLength(27)
  })

  it('keeps what it compared when a later quarter differs, so that only the others are loaded anew', async () => {
    const quarters = await processed(27)
    held.set('2005Q3', 7)
    const error = await failure(() => run(quarters))
    expect([error.name, error.message]).toEqual([
      'ReconciliationError',
      expect.stringMatching(/^origination of 2005Q3 has 1 rows processed by Hive, but 7 rows in redshift\./),
    ])
    expect((await archiveRows('archives')).filter((row) => row.loaded).map(({ quarter }) => quarter)).toEqual(
      quarters.slice(0, 26),
    )
  })

  it('asks the warehouse nothing when it was left out', async () => {
    const [quarter = ''] = await processed(1)
    const error = await failure(() => run([quarter], { mysql: true, redshift: false }))
    expect(error.message).toMatch(/^origination of 1999Q1 has 1 rows processed by Hive, but 0 rows in mysql\./)
    expect(asked).toEqual([])
    expect((await archiveRow('archives', quarter))?.loaded).toBeUndefined()
  })
})
