/** What the report's questions count. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
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
  beforeEach(async () => {
    await test.warehouse.execute('DELETE FROM origination')
    await test.warehouse.execute('DELETE FROM performance')
  })
  const loan = (i: number) => `F99Q1000000${i}`
  const originate = (loans: number, maturity = '2029-02-01') =>
    test.warehouse.execute(
      `INSERT INTO origination (loan_identifier, first_payment_date, maturity_date, layout, quarter) VALUES ${Array.from(
        { length: loans },
        (_, i) => `('${loan(i)}', '1999-03-01', '${maturity}', 'r47', '1999Q1')`,
      ).join(', ')}`,
    )
  const report = (columns: string, rows: string[]) =>
    test.warehouse.execute(
      `INSERT INTO performance (loan_identifier, period, ${columns}, layout, quarter) VALUES ${rows.map((row) => `(${row}, 'r47', '1999Q1')`).join(', ')}`,
    )
  const curves = async () => (await test.warehouse.execute(script('report/curves').replace(/;\s*$/, ''))).rows ?? []

  it('counts active loans of 90 days and more, for however long, and those taken back; unknown ones and ended ones only report', async () => {
    // Prepare
    const statuses = ["'00'", "'02'", "'03'", "'09'", "'10'", "'99'", "'100'", "'RA'", 'NULL']
    await originate(10)
    const rows = statuses.map((status, i) => `'${loan(i)}', '1999-10-01', ${status}, 7, NULL`)
    await report('delinquency_status, loan_age, zero_balance_code', [
      ...rows,
      `'${loan(9)}', '1999-10-01', '06', 7, '16'`,
    ])

    // Act and assess
    expect(await curves()).toEqual([['1999Q1', 7, 10, 8, 6, 0, 0, 0, '1999-10-01']])
  })

  it('counts age from the first payment, also of a loan whose own age began anew with a modification', async () => {
    await originate(2)
    await report('delinquency_status, loan_age', [
      `'${loan(0)}', '1999-02-01', '00', 0`,
      `'${loan(0)}', '2000-05-01', '00', 0`,
      `'${loan(1)}', '2000-05-01', '00', 14`,
    ])
    expect((await curves()).map(([, age, reported]) => [age, reported])).toEqual([
      [-1, 1],
      [14, 2],
    ])
  })

  it('tells prepaid loans from matured ones and from those that ended in default, and sums net losses', async () => {
    const codes = ['01', '02', '03', '09', '15', '16', '96']
    await originate(codes.length)
    await report(
      'delinquency_status, zero_balance_code, actual_loss',
      codes.map(
        (code, i) =>
          `'${loan(i)}', '1999-04-01', '00', '${code}', ${code === '09' ? -250.5 : code === '03' ? 1000 : 'NULL'}`,
      ),
    )
    expect(await curves()).toEqual([['1999Q1', 1, 7, 0, 0, 1, 4, 749.5, '1999-04-01']])

    await test.warehouse.execute('DELETE FROM origination')
    await originate(codes.length, '1999-04-01')
    expect((await curves()).map((row) => row[5])).toEqual([0])
  })
})

describe('vintages.sql', () => {
  it('weights averages by the balance of the loans that tell', async () => {
    await test.warehouse.execute('DELETE FROM origination')
    await test.warehouse.execute(
      `INSERT INTO origination (loan_identifier, original_upb, original_interest_rate, classic_fico, original_ltv, layout, quarter) VALUES
       ('F99Q10000001', 100000, 6, 700, NULL, 'r47', '1999Q1'), ('F99Q10000002', 300000, 7, NULL, NULL, 'r47', '1999Q1')`,
    )
    const { rows } = await test.warehouse.execute(script('report/vintages').replace(/;\s*$/, ''))
    expect(rows).toEqual([['1999Q1', 2, 400_000, 6.75, 700, null]])
  })
})
