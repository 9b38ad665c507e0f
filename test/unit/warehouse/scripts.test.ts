/** sql/redshift as the tasks run it, on Parquet files as Hive writes them: columns by position, partition columns in the path only. */
import { mkdir, readFile } from 'node:fs/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ORIGINATION, PERFORMANCE } from '../../../data/loans/columns.ts'
import { quotedList, render, statements } from '../../../tasks/script.ts'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
beforeEach(async () => {
  test = await makeWarehouse()
  await test.warehouse.transaction(await script('create-tables', {}))
})
afterEach(() => test.close())

const script = async (name: string, values: Record<string, string>) =>
  statements(render(await readFile(new URL(`../../../sql/redshift/${name}.sql`, import.meta.url), 'utf8'), values))

const TYPES: Record<string, string> = { date: 'DATE', integer: 'SMALLINT', money: 'DECIMAL(14,2)', proceeds: 'VARCHAR' }

/** Canonical rows of a quarter; all columns have values, so that a column in the wrong place is seen. */
function rowsSql(table: Table, count: number): string {
  const columns = (table === 'origination' ? ORIGINATION : PERFORMANCE).map(({ name, kind }) => {
    const rate = table === 'origination' ? 'DECIMAL(6,3)' : 'DECIMAL(8,3)'
    const type = kind === 'rate' ? rate : (TYPES[kind] ?? 'VARCHAR')
    const texts: Record<string, string> = {
      loan_identifier: `'F99Q1' || lpad(n::VARCHAR, 7, '0')`,
      seller_name: `'Bänk & Söhne'`,
      servicer_name: `'Bänk & Söhne'`,
      zero_balance_code: "'01'",
      period: "DATE '1999-03-01' + to_months(n::INT)",
    }
    const value = texts[name] ?? (type === 'VARCHAR' ? "'Y'" : type === 'DATE' ? "DATE '1999-03-01'" : '1')
    return `CAST(${value} AS ${type}) AS ${name}`
  })
  return `SELECT ${columns.join(', ')}, 'r47' AS layout FROM range(${count}) r(n)`
}

async function writeParquet(uri: string, select: string): Promise<void> {
  const path = test.path(uri)
  await mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  const duckdb = await DuckDBInstance.create()
  const connection = await duckdb.connect()
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`)
  connection.closeSync()
  duckdb.closeSync()
}

type Table = 'origination' | 'performance'

/** Where Hive writes a table's file of a quarter. */
const partition = (table: Table, quarter: string, year: string | number = quarter.slice(0, 4)) =>
  table === 'origination'
    ? `s3://processed/origination/origination_year=${year}/quarter=${quarter}/000000_0`
    : `s3://processed/performance/quarter=${quarter}/reporting_year=${year}/000000_0`

const write = (table: Table, quarter: string, count: number, year?: number) =>
  writeParquet(partition(table, quarter, year), rowsSql(table, count))

const load = async (quarter: string) => {
  const values = { QUARTER: quarter, YEAR: quarter.slice(0, 4), PROCESSED: 's3://processed' }
  await test.warehouse.transaction([
    ...(await script('lock-tables', {})),
    ...(await script('load-origination', values)),
    ...(await script('load-performance', values)),
  ])
}
const counts = async (...quarters: string[]) => {
  const [sql = ''] = await script('counts', { QUARTERS: quotedList(quarters) })
  return (await test.warehouse.execute(sql)).rows
}

describe('sql/redshift', () => {
  it('creates the tables twice without harm, keys and encodings known to the catalogue', async () => {
    await test.warehouse.transaction(await script('create-tables', {}))

    const tables = await test.warehouse.execute(
      'SELECT "table", diststyle, sortkey1, sortkey_num, encoded FROM svv_table_info ORDER BY 1',
    )
    expect(tables.rows).toEqual([
      ['origination', 'KEY(loan_identifier)', 'loan_identifier', 1, 'Y'],
      ['performance', 'KEY(loan_identifier)', 'loan_identifier', 2, 'Y'],
    ])
  })

  it("has the canonical columns in the files' order, then layout and quarter", async () => {
    for (const [table, columns] of Object.entries({ origination: ORIGINATION, performance: PERFORMANCE })) {
      const result = await test.warehouse.execute(`SELECT * FROM ${table}`)
      expect(result.columns?.map((column) => column.name)).toEqual([
        ...columns.map((column) => column.name),
        'layout',
        'quarter',
      ])
    }
  })

  it('loads quarters, and replaces one that is loaded again', async () => {
    await write('origination', '1999Q1', 100)
    await write('performance', '1999Q1', 300)
    await write('performance', '1999Q1', 200, 2000)
    await write('origination', '1999Q2', 7)
    await write('performance', '1999Q2', 9)
    await load('1999Q1')
    await load('1999Q2')
    await write('origination', '1999Q1', 90)

    await load('1999Q1')

    expect(await counts('1999Q1', '1999Q2', '2005Q1')).toEqual([
      ['origination', '1999Q1', 90],
      ['origination', '1999Q2', 7],
      ['performance', '1999Q1', 500],
      ['performance', '1999Q2', 9],
    ])
    const sums = await test.warehouse.execute(
      "SELECT SUM(original_upb), MIN(seller_name), MAX(layout) FROM origination WHERE quarter = '1999Q1'",
    )
    expect(sums.rows).toEqual([['90.00', 'Bänk & Söhne', 'r47']])
  })

  it('holds a quarter once when two sessions load it at the same time', async () => {
    await write('origination', '1999Q1', 100)
    await write('performance', '1999Q1', 300)

    await Promise.all([load('1999Q1'), load('1999Q1'), load('1999Q1')])

    expect(await counts('1999Q1')).toEqual([
      ['origination', '1999Q1', 100],
      ['performance', '1999Q1', 300],
    ])
  })

  it('keeps the old quarter whole when a file of the new one does not fit', async () => {
    await write('origination', '1999Q1', 5)
    await write('performance', '1999Q1', 5)
    await load('1999Q1')
    const wrong = rowsSql('performance', 5).replace(", 'r47' AS layout", '')
    await writeParquet(partition('performance', '1999Q1'), wrong)

    await expect(load('1999Q1')).rejects.toThrow(
      'Unmatched number of columns between table and file. Table columns: 36, Data columns: 35',
    )

    expect(await counts('1999Q1')).toEqual([
      ['origination', '1999Q1', 5],
      ['performance', '1999Q1', 5],
    ])
  })
})

it('keeps every row of a load that is larger than one of the store’s row groups', async () => {
  // Altering staging copies its rows, of which there are none: DuckDB then lost the large INSERT that followed in the transaction.
  const rows = 150_000
  await write('origination', '1999Q1', 1)
  const many = rowsSql('performance', rows).replaceAll('to_months(n::INT)', 'to_months((n % 200)::INT)')
  await writeParquet(partition('performance', '1999Q1'), many)

  await load('1999Q1')

  const { rows: found } = await test.warehouse.execute('SELECT COUNT(*) FROM public.performance')
  expect(found).toEqual([[rows]])
})
