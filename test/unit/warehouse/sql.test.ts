/** Redshift's SQL where it differs from DuckDB's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
beforeAll(async () => {
  test = await makeWarehouse()
})
afterAll(() => test.close())

const value = async (expression: string) => (await test.warehouse.execute(`SELECT ${expression}`)).rows?.[0]?.[0]

describe('expressions', () => {
  it.each<[string, unknown]>([
    ['7 / 2', 3],
    ['7 / 2.0', 3.5],
    ['NVL(NULL, 5)', 5],
    ["NVL2(NULL, 'some', 'none')", 'none'],
    ["DECODE(3, 1, 'one', 3, 'three', 'other')", 'three'],
    ["DECODE(NULL, NULL, 'nothing', 'other')", 'nothing'],
    ["DECODE(9, 1, 'one')", null],
    ["TO_CHAR(DATE '2005-03-09', 'YYYY-MM')", '2005-03'],
    ["TO_CHAR(TIMESTAMP '2005-03-09 14:05:06', 'YYYYMMDD HH24:MI:SS')", '20050309 14:05:06'],
    ["TO_CHAR(DATE '2005-03-09', 'DD MON YYYY')", '09 MAR 2005'],
    [`TO_CHAR(DATE '2005-11-09', 'YYYY"Q"Q')`, '2005Q4'],
    ["TO_DATE('199903', 'YYYYMM')", '1999-03-01'],
    ["TO_DATE('09/03/2005', 'DD/MM/YYYY')", '2005-03-09'],
    ["DATEADD(month, 1, DATE '2020-01-31')::date", '2020-02-29'],
    ["DATEDIFF(month, '2020-01-31', '2020-03-01')", 2],
    ["DATEDIFF(qtr, DATE '2020-01-31', DATE '2020-07-01')", 2],
    ["DATE_PART(year, DATE '2020-01-31')", 2020],
    ["EXTRACT(month FROM DATE '2020-01-31')", 1],
    ["'abcdef'::varchar(3)", 'abc'],
    ["CAST('abcdef' AS CHARACTER VARYING(2))", 'ab'],
    ["CONVERT(integer, '42')", 42],
    ['(1 + 2)::varchar(1)', '3'],
    ["CHARINDEX('b', 'abc')", 2],
    ["LEN('äb')", 2],
    ["OCTET_LENGTH('äb')", 3],
    ["CONCAT('a', NULL)", null],
    ["REGEXP_REPLACE('a1b2', '[0-9]', '')", 'ab'],
    ["REGEXP_SUBSTR('loan F99Q1', '[A-Z][0-9]+')", 'F99'],
    ["INITCAP('new york')", 'New York'],
    ["'prefix F99Q1' ~ 'F[0-9]+'", true],
    ["'abc' ~* 'B'", true],
    ["'abc' !~ 'b'", false],
    ["'it\\'s'", "it's"],
    ['AVG(x) FROM (SELECT 1 AS x UNION ALL SELECT 2)', 1],
    ['SUM(x) FROM (SELECT 1 AS x UNION ALL SELECT 2)', 3],
    ["LISTAGG(x, ',') WITHIN GROUP (ORDER BY x DESC) FROM (SELECT 1 AS x UNION ALL SELECT 2)", '2,1'],
    ['APPROXIMATE COUNT(DISTINCT x) FROM (SELECT 1 AS x UNION ALL SELECT 1)', 1],
    ["STRTOL('ff', 16)", 255],
    [`JSON_EXTRACT_PATH_TEXT('{"a":{"b":7}}', 'a', 'b')`, '7'],
    ['CAST(1.005 AS DECIMAL(10,2))', '1.01'],
    ["DATE_TRUNC('month', DATE '2020-05-17')::date", '2020-05-01'],
    ["DATEDIFF(week, '2020-01-04', '2020-01-05')", 1],
    ["DATEADD(month, 1, '2020-01-31')", '2020-02-29 00:00:00'],
    ["ADD_MONTHS('2008-02-29', 1)", '2008-03-31 00:00:00'],
    ["ADD_MONTHS('2008-02-15 10:30:00', -1)", '2008-01-15 10:30:00'],
    ["MONTHS_BETWEEN('2008-03-31', '2008-02-29')", 1],
    ["MONTHS_BETWEEN('2008-03-10', '2008-02-10')", 1],
    ["SUBSTRING('caterpillar', -1, 4)", 'ca'],
    ["SUBSTRING('caterpillar', 0)", 'caterpillar'],
    ["LPAD('abc', 5)", '  abc'],
    ["LEN('abc  '::char(6))", 3],
    ["'a_b' LIKE 'a\\\\_b'", true],
    ["'axb' LIKE 'a\\\\_b'", false],
    ["'a%b' LIKE 'a^%b' ESCAPE '^'", true],
    ["CAST(' 42 ' AS INTEGER)", 42],
    ['10 / (2 + 3) / 1', 2],
    ['6 / NULLIF(0, 0)', null],
    ['6 / -y FROM (SELECT 3 AS y)', -2],
    ['6 / CASE WHEN y = 3 THEN 2 ELSE 3 END FROM (SELECT 3 AS y)', 3],
    ['x / y z FROM (SELECT 6 AS x, 3 AS y)', 2],
    ['x / SUM(y) OVER (PARTITION BY x) FROM (SELECT 6 AS x, 3 AS y)', 2],
    ['SUM(x) / COUNT(x) FILTER (WHERE x > 1) FROM (SELECT 6 AS x)', 6],
    ["x / y::int::varchar(1)::int || 'a' FROM (SELECT 6 AS x, 3 AS y)", '2a'],
  ])('%s', async (expression, expected) => {
    expect(await value(expression)).toEqual(expected)
  })

  it.each([
    '1 / 0',
    '1.5 / y FROM (SELECT 0 AS y)',
    '5 % (2 - 2)',
    'MOD(5, 0)',
    'SUM(x) / SUM(y) FROM (SELECT 6 AS x, 0 AS y)',
  ])('refuses to divide by zero: %s', async (expression) => {
    await expect(value(expression)).rejects.toMatchObject({ name: 'WarehouseDataError', sqlState: '22012' })
  })

  it.each(["'12.7'", "'1e3'", "'0x10'", "'1_000'", "''"])('takes no integer from %s', async (text) => {
    for (const source of [`CAST(${text} AS INTEGER)`, `x::smallint FROM (SELECT ${text} AS x)`])
      await expect(value(source)).rejects.toMatchObject({ name: 'WarehouseDataError', sqlState: '22P02' })
  })

  it('takes the time of day from GETDATE() and SYSDATE, in UTC', async () => {
    const now = Date.now()

    const times = [await value('GETDATE()'), await value('SYSDATE')]

    for (const time of times) expect(Math.abs(Date.parse(`${time}Z`) - now)).toBeLessThan(60_000)
  })
})

describe('queries', () => {
  it('limits by TOP, each SELECT by its own', async () => {
    const numbers = 'SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3'

    const top = await test.warehouse.execute(`SELECT TOP 2 n FROM (${numbers}) ORDER BY n DESC`)
    const inner = await test.warehouse.execute(`SELECT COUNT(*) FROM (SELECT DISTINCT TOP 1 n FROM (${numbers}))`)

    expect(top.rows).toEqual([[3], [2]])
    expect(inner.rows).toEqual([[1]])
  })

  it('sorts NULLs as Redshift does: last ascending, first descending', async () => {
    const numbers = '(SELECT 1 AS n UNION ALL SELECT NULL)'

    const ascending = await test.warehouse.execute(`SELECT n FROM ${numbers} ORDER BY n`)
    const descending = await test.warehouse.execute(`SELECT n FROM ${numbers} ORDER BY n DESC`)

    expect(ascending.rows).toEqual([[1], [null]])
    expect(descending.rows).toEqual([[null], [1]])
  })

  it('fills named parameters in as untyped literals', async () => {
    const parameters = new Map([
      ['n', '2'],
      ['name', "O'Hara"],
    ])

    const result = await test.warehouse.execute('SELECT :name, 3 > :n', { parameters })

    expect(result.rows).toEqual([["O'Hara", true]])
  })

  it('names and types the columns as Redshift does', async () => {
    const result = await test.warehouse.execute('SELECT COUNT(*), MAX(1) , 1 + 1, 2.50::numeric(6,2) AS Rate')

    expect(result.columns?.map((column) => column.name)).toEqual(['count', 'max', '?column?', 'rate'])
    expect(result.columns?.[0]?.type).toEqual({ name: 'bigint' })
    expect(result.columns?.[3]?.type).toEqual({ name: 'numeric', length: 6, scale: 2 })
    expect(result.rows?.[0]?.[3]).toBe('2.50')
  })

  it('hands rows to a sink in batches and keeps none', async () => {
    let rows = 0

    const result = await test.warehouse.execute('SELECT * FROM generate_series(1, 10000)', {
      sink: () => (batch) => {
        rows += batch.length
      },
    })

    expect(rows).toBe(10_000)
    expect(result.rows).toBeUndefined()
    expect(result.rowCount).toBe(10_000)
  })

  it('keeps comments and quoted semicolons out of the way', async () => {
    const result = await test.warehouse.execute("/* a /* nested */ one; */ SELECT ';' -- not here;\n;")

    expect(result.rows).toEqual([[';']])
  })
})

describe('errors', () => {
  it.each<[string, string, string]>([
    [
      'SELEC 1',
      'WarehouseUnsupportedError',
      'ERROR: The statement SELEC is not supported by the local warehouse\n  Position: 1',
    ],
    ['SELECT 1 FORM x y', 'WarehouseSyntaxError', 'ERROR: syntax error at or near "x"\n  Position: 15'],
    ['SELECT *\nFROM nowhere', 'WarehouseObjectError', 'ERROR: relation "nowhere" does not exist\n  Position: 15'],
    [
      'SELECT nothing FROM (SELECT 1 AS x)',
      'WarehouseObjectError',
      'ERROR: column "nothing" does not exist\n  Position: 8',
    ],
    ['SELECT frobnicate(1)', 'WarehouseObjectError', 'ERROR: function frobnicate does not exist\n  Position: 8'],
    ["SELECT 'abc'::int", 'WarehouseDataError', 'ERROR: invalid input syntax for type integer: "abc"'],
    ["SELECT 'unfinished", 'WarehouseSyntaxError', `ERROR: syntax error at or near "'unfinished"\n  Position: 8`],
    ['SELECT (1', 'WarehouseSyntaxError', 'ERROR: syntax error at end of input\n  Position: 8'],
    ['SELECT :missing', 'WarehouseObjectError', 'ERROR: there is no parameter :missing\n  Position: 8'],
    [
      "SELECT 'a' SIMILAR TO 'a%'",
      'WarehouseUnsupportedError',
      'ERROR: SIMILAR TO is not supported by the local warehouse\n  Hint: Use ~ or LIKE.\n  Position: 12',
    ],
    [
      'CREATE PROCEDURE p() AS $$ SELECT 1 $$',
      'WarehouseUnsupportedError',
      'ERROR: The statement CREATE PROCEDURE P is not supported by the local warehouse\n  Position: 1',
    ],
  ])('%s', async (sql, name, message) => {
    await expect(test.warehouse.execute(sql)).rejects.toMatchObject({ name, message })
  })
})
