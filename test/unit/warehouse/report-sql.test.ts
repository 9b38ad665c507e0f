/** What the report's questions count. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { splitStatements } from '../../../local/engines/warehouse/tokens.ts'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

const script = (name: string) =>
  readFileSync(new URL(`../../../sql/redshift/${name}.sql`, import.meta.url), 'utf8').replaceAll(
    '${QUARTERS}',
    "'1999Q1'",
  )

let test: TestWarehouse
beforeAll(async () => {
  test = await makeWarehouse()
  for (const statement of splitStatements(script('create-tables'))) await test.warehouse.execute(statement)
})
afterAll(() => test.close())

describe('curves.sql', () => {
  it('counts loans of 60 days and more, for however long, and those taken back; unknown ones report only', async () => {
    // Prepare
    const statuses = ["'00'", "'01'", "'02'", "'09'", "'10'", "'99'", "'100'", "'RA'", 'NULL']
    const rows = statuses.map((status, i) => `('F99Q1000000${i}', '1999-03-01', ${status}, 7, 'r47', '1999Q1')`)
    await test.warehouse.execute(
      `INSERT INTO performance (loan_identifier, period, delinquency_status, loan_age, layout, quarter) VALUES ${rows.join(', ')}`,
    )

    // Act
    const { rows: found } = await test.warehouse.execute(script('report/curves').replace(/;\s*$/, ''))

    // Assess
    expect(found).toEqual([['1999Q1', 7, 9, 6, 0, 0]])
  })
})
