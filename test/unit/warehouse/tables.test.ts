/** CREATE TABLE, ALTER TABLE, transactions and the catalogue. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
beforeEach(async () => {
  test = await makeWarehouse()
})
afterEach(() => test.close())

const run = (sql: string) => test.warehouse.execute(sql)
const rows = async (sql: string) => (await run(sql)).rows

const LOANS = `
  CREATE TABLE loans (
    loan_identifier CHAR(12) NOT NULL ENCODE zstd DISTKEY,
    seller_name     VARCHAR(10) ENCODE lzo,
    upb             DECIMAL(14,2) DEFAULT 0,
    state           CHARACTER VARYING(2),
    PRIMARY KEY (loan_identifier)
  ) DISTSTYLE KEY COMPOUND SORTKEY (loan_identifier, state)`

describe('CREATE TABLE', () => {
  it('keeps encodings, distribution and sort keys for the catalogue', async () => {
    await run(LOANS)

    expect(
      await rows(
        'SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def WHERE tablename = \'loans\'',
      ),
    ).toEqual([
      ['loan_identifier', 'character(12)', 'zstd', true, 1, true],
      ['seller_name', 'character varying(10)', 'lzo', false, 0, false],
      ['upb', 'numeric(14,2)', 'none', false, 0, false],
      ['state', 'character varying(2)', 'none', false, 2, false],
    ])
    expect(await rows('SELECT "table", diststyle, sortkey1, sortkey_num FROM svv_table_info')).toEqual([
      ['loans', 'KEY(loan_identifier)', 'loan_identifier', 2],
    ])
  })

  it('measures VARCHAR in bytes, and refuses what is too long', async () => {
    await run(LOANS)
    await run("INSERT INTO loans (loan_identifier, seller_name) VALUES ('A', 'Zehnzeichn')")

    const insert = run("INSERT INTO loans (loan_identifier, seller_name) VALUES ('B', 'Zehnzeichä')")

    await expect(insert).rejects.toMatchObject({
      name: 'WarehouseDataError',
      sqlState: '22001',
      message: 'ERROR: value too long for type character varying(10)',
    })
  })

  it('refuses NULL in a NOT NULL column, but not a second primary key, as Redshift does', async () => {
    await run(LOANS)
    await run("INSERT INTO loans (loan_identifier) VALUES ('A'), ('A')")

    await expect(run("INSERT INTO loans (state) VALUES ('CA')")).rejects.toThrow(
      'ERROR: Cannot insert a NULL value into column loan_identifier',
    )
    expect(await rows('SELECT COUNT(*), SUM(upb) FROM loans')).toEqual([[2, '0.00']])
  })

  it('says that a relation is there already, unless told not to mind', async () => {
    await run(LOANS)

    await expect(run(LOANS)).rejects.toMatchObject({
      message: expect.stringContaining('Relation "loans" already exists'),
    })
    await expect(run('CREATE TABLE IF NOT EXISTS loans (x INT)')).resolves.toMatchObject({ command: 'CREATE TABLE' })
    expect(await rows('SELECT COUNT(*) FROM pg_table_def')).toEqual([[4]])
  })

  it('copies a table by LIKE and by AS', async () => {
    await run(LOANS)
    await run("INSERT INTO loans VALUES ('A', 'Bank', 1.5, 'CA')")

    await run('CREATE TABLE same (LIKE loans)')
    await run('CREATE TABLE states AS SELECT state, COUNT(*) AS loans FROM loans GROUP BY 1')

    expect(await rows("SELECT COUNT(*), MAX(encoding) FROM pg_table_def WHERE tablename = 'same'")).toEqual([
      [4, 'zstd'],
    ])
    expect(await rows('SELECT * FROM states')).toEqual([['CA', 1]])
  })

  it('names an unknown type and its place', async () => {
    await expect(run('CREATE TABLE t (a SUPER)')).rejects.toMatchObject({
      message: 'ERROR: type "SUPER" does not exist\n  Position: 19',
    })
  })
})

describe('ALTER TABLE', () => {
  it('adds, renames and drops columns of a table with length limits', async () => {
    await run(LOANS)
    await run("INSERT INTO loans VALUES ('A', 'Bank', 1.5, 'CA')")

    await run("ALTER TABLE loans ADD COLUMN quarter CHAR(6) DEFAULT '1999Q1'")
    await run('ALTER TABLE loans RENAME COLUMN seller_name TO seller')
    await run('ALTER TABLE loans DROP COLUMN upb')

    expect((await run('SELECT * FROM loans')).columns?.map((column) => column.name)).toEqual([
      'loan_identifier',
      'seller',
      'state',
      'quarter',
    ])
    expect(await rows('SELECT * FROM loans')).toEqual([['A', 'Bank', 'CA', '1999Q1']])
    await expect(run('ALTER TABLE loans DROP COLUMN state')).rejects.toThrow('cannot drop sortkey column "state"')
  })

  it('widens a VARCHAR', async () => {
    await run(LOANS)

    await run('ALTER TABLE loans ALTER COLUMN seller_name TYPE VARCHAR(20)')

    await expect(run("INSERT INTO loans VALUES ('A', 'twelve bytes', 0, 'CA')")).resolves.toMatchObject({ rowCount: 1 })
  })
})

describe('transactions', () => {
  it('applies all statements or none', async () => {
    await run('CREATE TABLE t (n INT)')

    const failed = test.warehouse.transaction(['INSERT INTO t VALUES (1)', "INSERT INTO t VALUES ('x')"])
    await expect(failed).rejects.toMatchObject({ name: 'WarehouseDataError' })
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[0]])

    await test.warehouse.transaction([
      'INSERT INTO t VALUES (1)',
      'DELETE FROM t WHERE n = 1',
      'INSERT INTO t VALUES (2)',
    ])
    expect(await rows('SELECT n FROM t')).toEqual([[2]])
  })

  it('runs nothing more after an error until ROLLBACK', async () => {
    const session = await test.warehouse.session()
    await session.execute('BEGIN')
    await expect(session.execute('SELECT nothing')).rejects.toThrow('column "nothing" does not exist')

    await expect(session.execute('SELECT 1')).rejects.toMatchObject({ sqlState: '25P02' })
    await session.execute('ROLLBACK')

    expect((await session.execute('SELECT 1')).rows).toEqual([[1]])
    await session.close()
  })

  it('commits at a TRUNCATE', async () => {
    await run('CREATE TABLE t (n INT)')
    await run('INSERT INTO t VALUES (1)')

    const failed = test.warehouse.transaction(['TRUNCATE TABLE t', 'INSERT INTO t VALUES (7)', 'SELECT nothing'])

    await expect(failed).rejects.toThrow('nothing')
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[0]])
  })

  it('makes a second writer wait instead of failing it', async () => {
    await run('CREATE TABLE t (n INT)')
    await run('INSERT INTO t VALUES (0)')
    const one = await test.warehouse.session()
    await one.execute('BEGIN')
    await one.execute('UPDATE t SET n = n + 1')

    const other = test.warehouse.execute('UPDATE t SET n = n + 10')
    await one.execute('COMMIT')
    await other
    await one.close()

    expect(await rows('SELECT n FROM t')).toEqual([[11]])
  })

  it('keeps temporary tables to their session, and lets them hide permanent ones', async () => {
    await run('CREATE TABLE t (n INT)')
    const session = await test.warehouse.session()

    await session.execute('CREATE TEMPORARY TABLE t (LIKE t)')
    await session.execute('INSERT INTO t VALUES (1)')

    expect((await session.execute('SELECT COUNT(*) FROM t')).rows).toEqual([[1]])
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[0]])
    await session.close()
  })

  it('cancels a statement that runs, and one that waits', async () => {
    await run('CREATE TABLE t (n INT)')
    const writer = await test.warehouse.session()
    await writer.execute('BEGIN')
    await writer.execute('INSERT INTO t VALUES (1)')
    const waiting = await test.warehouse.session()
    const running = await test.warehouse.session()

    const waits = waiting.execute('INSERT INTO t VALUES (2)')
    const runs = running.execute(
      'SELECT COUNT(*) FROM generate_series(1, 3000000) a, generate_series(1, 3000) b WHERE a.generate_series + b.generate_series < 0',
    )
    setTimeout(() => {
      waiting.cancel()
      running.cancel()
    }, 100)

    await expect(waits).rejects.toMatchObject({ name: 'WarehouseCancelledError' })
    await expect(runs).rejects.toMatchObject({ name: 'WarehouseCancelledError' })
    await Promise.all([writer, waiting, running].map((session) => session.close()))
    expect(await rows('SELECT COUNT(*) FROM t')).toEqual([[0]])
  })
})

describe('an INSERT of no row', () => {
  const MANY = 150_000
  it.each([
    ['in an order', 'INSERT INTO t SELECT range FROM range(10) WHERE range > 50 ORDER BY 1'],
    [
      'in an order, with a limit',
      'INSERT INTO t (a) (SELECT range FROM range(10) WHERE range > 50 ORDER BY 1 LIMIT 3)',
    ],
    ['behind a window', 'INSERT INTO t SELECT row_number() OVER (ORDER BY range) FROM range(10) WHERE range > 50'],
    ['by CREATE TABLE AS', 'CREATE TABLE u AS SELECT range AS a FROM range(10) WHERE range > 50 ORDER BY 1', 'u'],
  ])('leaves the next one of its transaction whole: %s', async (_, first, table = 't') => {
    await run('CREATE TABLE t (a BIGINT)')

    await test.warehouse.transaction([first, `INSERT INTO ${table} SELECT range FROM range(${MANY}) ORDER BY 1`])

    expect(await rows(`SELECT count(*), sum(a) FROM ${table}`)).toEqual([[MANY, (MANY * (MANY - 1)) / 2]])
  })
})

describe('other statements', () => {
  it('merges, deletes with USING and drops several tables', async () => {
    await run('CREATE TABLE t (id INT, v INT)')
    await run('CREATE TABLE s (id INT, v INT)')
    await run('INSERT INTO t VALUES (1, 1), (3, 3)')
    await run('INSERT INTO s VALUES (1, 10), (2, 20)')

    await run(
      'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v)',
    )
    expect(await rows('SELECT * FROM t ORDER BY id')).toEqual([
      [1, 10],
      [2, 20],
      [3, 3],
    ])

    await run('DELETE FROM t USING s WHERE t.id = s.id')
    expect(await rows('SELECT id FROM t')).toEqual([[3]])

    await run('DROP TABLE IF EXISTS t, s, nothing')
    await expect(run('SELECT * FROM t')).rejects.toThrow('relation "t" does not exist')
  })

  it('takes ANALYZE, VACUUM and GRANT without doing anything, but no VACUUM in a transaction', async () => {
    await run('CREATE TABLE t (n INT)')

    await expect(run('ANALYZE t')).resolves.toMatchObject({ command: 'ANALYZE' })
    await expect(run('GRANT SELECT ON t TO PUBLIC')).resolves.toMatchObject({ command: 'GRANT' })
    await expect(test.warehouse.transaction(['VACUUM t'])).rejects.toThrow(
      'VACUUM cannot run inside a transaction block',
    )
  })
})
