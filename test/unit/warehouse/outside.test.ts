/** A statement reaches tables, and S3 through COPY and UNLOAD: nothing else of the machine. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
let file: string
beforeAll(async () => {
  test = await makeWarehouse()
  file = join(test.root, 'secret.csv')
  await writeFile(file, 'password\n')
  await test.warehouse.execute('CREATE TABLE t (a VARCHAR(20))')
})
afterAll(() => test.close())

describe('A file of the machine', () => {
  it.each([
    "SELECT * FROM read_csv('FILE')",
    `SELECT * FROM "READ_CSV"('FILE')`,
    "SELECT * FROM main.read_text('FILE')",
    "SELECT * FROM 'FILE'",
    'SELECT * FROM "FILE"',
    'SELECT * FROM $$FILE$$',
    "SELECT * FROM t, 'FILE'",
    "SELECT * FROM t JOIN 'FILE' ON TRUE",
    "SELECT ARRAY(SELECT x FROM 'FILE' x)",
    "SELECT 1 WHERE EXISTS (FROM 'FILE')",
    "SELECT (SELECT content FROM read_text('FILE'))",
    "WITH a AS (SELECT * FROM glob('FILE')) SELECT * FROM a",
    "INSERT INTO t SELECT content FROM read_text('FILE')",
    "CREATE TABLE u AS SELECT * FROM read_text('FILE')",
    "CREATE VIEW v AS SELECT * FROM read_text('FILE')",
    "UNLOAD ('SELECT * FROM read_text($$FILE$$)') TO 's3://lake/out/' IAM_ROLE default",
    "SELECT * FROM query('SELECT * FROM read_text($$FILE$$)')",
    "SELECT * FROM t WHERE a IN (SELECT * FROM 'FILE')",
  ])('is not there for %s', async (sql) => {
    await expect(test.warehouse.execute(sql.replace('FILE', file))).rejects.toMatchObject({
      name: 'WarehouseObjectError',
      message: expect.stringMatching(/does not exist/),
    })
  })

  it('is not there as a parameter', async () => {
    const parameters = new Map([['file', file]])
    await expect(test.warehouse.execute('SELECT * FROM :file', { parameters })).rejects.toMatchObject({
      name: 'WarehouseObjectError',
    })
  })
})

it('FROM among the arguments of a function, and texts in lists, stay what they are', async () => {
  const { rows } = await test.warehouse.execute(
    "SELECT TRIM(BOTH 'x' FROM 'xax'), EXTRACT(year FROM DATE '2020-01-01'), 'b' FROM (SELECT 1), (SELECT 2) WHERE 'y' IN ('x', 'y')",
  )
  expect(rows).toEqual([['a', 2020, 'b']])
})
