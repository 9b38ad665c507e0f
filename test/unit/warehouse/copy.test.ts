/** COPY and UNLOAD: what they read and write, and what COPY refuses. */

import { readdir, readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
beforeEach(async () => {
  test = await makeWarehouse()
  await run(
    'CREATE TABLE loans (id VARCHAR(6) NOT NULL, score SMALLINT, upb DECIMAL(8,2), since DATE, name VARCHAR(8))',
  )
})
afterEach(() => test.close())

const run = (sql: string) => test.warehouse.execute(sql)
const rows = async (sql: string) => (await run(sql)).rows
const copy = (options: string) => run(`COPY loans FROM 's3://lake/in/' IAM_ROLE default ${options}`)
const errors = () =>
  rows('SELECT line_number, column_name, error_code, error_message FROM sys_load_error_detail ORDER BY line_number')

describe('COPY of delimited text', () => {
  it('reads empty fields, NULL texts, dates and decimals under its rules', async () => {
    await test.put('s3://lake/in/a.txt', 'A|700||1999-03-01|\nB|\\N|10.239|\\N|name\n')

    const result = await copy("DELIMITER '|'")

    expect(result).toMatchObject({ command: 'COPY', rowCount: 2 })
    expect(await rows('SELECT * FROM loans ORDER BY id')).toEqual([
      ['A', 700, null, '1999-03-01', ''],
      ['B', null, '10.23', null, 'name'],
    ])
  })

  it('takes the options people use', async () => {
    const text = 'id|score\nA|1|1.005|199903|\r\n\r\nB|2|1|199904| x \n'
    await test.put('s3://lake/in/a.gz', gzipSync(text))

    await copy(
      "GZIP IGNOREHEADER 1 DATEFORMAT 'YYYYMM' EMPTYASNULL ROUNDEC IGNOREBLANKLINES NULL AS '' MAXERROR 0 STATUPDATE OFF COMPUPDATE OFF REGION 'us-east-1'",
    )

    expect(await rows('SELECT * FROM loans ORDER BY id')).toEqual([
      ['A', 1, '1.01', '1999-03-01', null],
      ['B', 2, '1.00', '1999-04-01', ' x '],
    ])
  })

  it('unescapes with ESCAPE, line ends in fields included', async () => {
    await test.put('s3://lake/in/a.txt', 'A|1|1|1999-03-01|a\\|b\\\\c\nB|2|\\N|\\N|d\\\ne\n')

    await copy('ESCAPE')

    expect(await rows('SELECT upb, name FROM loans ORDER BY id')).toEqual([
      ['1.00', 'a|b\\c'],
      [null, 'd\ne'],
    ])
  })

  it('reads quoted CSV', async () => {
    await test.put('s3://lake/in/a.csv', 'A,1,1,1999-03-01,"a, ""b"""\n')

    await copy('CSV')

    expect(await rows('SELECT name FROM loans')).toEqual([['a, "b"']])
  })

  it.each<[string, string, unknown[]]>([
    ['too few fields', 'A|1|1|1999-03-01', [2, '', 1214, 'Delimiter not found']],
    ['too many fields', 'A|1|1|1999-03-01|x|y', [2, '', 1202, 'Extra column(s) found']],
    ['no integer', 'A|12x|1|1999-03-01|x', [2, 'score', 1207, "Invalid digit, Value 'x', Pos 2, Type: Short"]],
    ['a fraction', 'A|1.5|1|1999-03-01|x', [2, 'score', 1207, "Invalid digit, Value '.', Pos 1, Type: Short"]],
    [
      'a number out of range',
      'A|40000|1|1999-03-01|x',
      [2, 'score', 1204, "Overflow for smallint, Value '40000', Type: Short"],
    ],
    ['no decimal', 'A|1|1e3|1999-03-01|x', [2, 'upb', 1209, "Invalid digit, Value 'e', Pos 1, Type: Decimal"]],
    ['no date', 'A|1|1|1999-02-30|x', [2, 'since', 1205, "Invalid Date Format, Value '1999-02-30'"]],
    ['a short date', 'A|1|1|199903|x', [2, 'since', 1205, 'Invalid Date Format - length must be 10 or more']],
    ['too many bytes', 'A|1|1|1999-03-01|12345ääx', [2, 'name', 1204, 'String length exceeds DDL length']],
    ['NULL where none may be', '\\N|1|1|1999-03-01|x', [2, 'id', 1213, 'Missing data for not-null field']],
    ['a blank line', '', [2, '', 1211, 'Input line contained no data']],
  ])('refuses %s, naming line, column and reason', async (_, line, expected) => {
    await test.put('s3://lake/in/a.txt', `Z|1|1|1999-03-01|x\n${line}\nY|1|1|1999-03-01|x\n`)

    await expect(copy('')).rejects.toMatchObject({
      name: 'WarehouseLoadError',
      message: "ERROR: Load into table 'loans' failed.  Check 'sys_load_error_detail' system table for details.",
    })

    expect(await errors()).toEqual([expected])
    expect(await rows('SELECT COUNT(*) FROM loans')).toEqual([[0]])
    expect(await rows('SELECT table_name, status, loaded_rows, error_count FROM sys_load_history')).toEqual([
      ['loans', 'failed', 0, 1],
    ])
  })

  it('refuses bytes that are no UTF-8, or replaces them with ACCEPTINVCHARS', async () => {
    await test.put('s3://lake/in/a.txt', Buffer.from('A|1|1|1999-03-01|caf\xe9\n', 'latin1'))

    await expect(copy('')).rejects.toMatchObject({ name: 'WarehouseLoadError' })
    expect((await errors())?.[0]?.slice(2)).toEqual([
      1220,
      'String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: e9 (error 4)',
    ])

    await copy("ACCEPTINVCHARS AS '^'")
    expect(await rows('SELECT name FROM loans')).toEqual([['caf^']])
  })

  it('loads the good rows as long as there are fewer bad ones than MAXERROR', async () => {
    await test.put('s3://lake/in/a.txt', 'A|1|1|1999-03-01|x\nB|x|1|1999-03-01|x\nC|y|1|1999-03-01|x\n')

    await expect(copy('MAXERROR 2')).rejects.toMatchObject({ name: 'WarehouseLoadError' })
    expect(await rows('SELECT COUNT(*) FROM loans')).toEqual([[0]])

    await copy('MAXERROR AS 3')
    expect(await rows('SELECT id FROM loans')).toEqual([['A']])
    expect(
      await rows("SELECT status, loaded_rows, error_count FROM sys_load_history WHERE status = 'completed'"),
    ).toEqual([['completed', 1, 2]])
  })

  it('keeps a bare carriage return inside its field', async () => {
    await test.put('s3://lake/in/a.txt', 'A|1|1|1999-03-01|a\rb\nB|1|1|1999-03-01|c\n')

    await copy('')

    expect(await rows('SELECT name FROM loans ORDER BY id')).toEqual([['a\rb'], ['c']])
  })
})

describe('which objects COPY reads', () => {
  const line = (id: string) => `${id}|1|1|1999-03-01|x\n`

  it('takes every key that begins with the prefix, also in folders below', async () => {
    await test.put('s3://lake/in/quarter=1999Q1/a.txt', line('A'))
    await test.put('s3://lake/in/quarter=1999Q1/year=2000/b.txt', line('B'))
    await test.put('s3://lake/in/quarter=1999Q12.txt', line('C'))
    await test.put('s3://lake/in/quarter=1999Q2/d.txt', line('D'))

    await run("COPY loans FROM 's3://lake/in/quarter=1999Q1' IAM_ROLE 'arn:aws:iam::000000000000:role/Load'")

    expect(await rows('SELECT id FROM loans ORDER BY id')).toEqual([['A'], ['B'], ['C']])
    expect(test.accesses).toContain('arn:aws:iam::000000000000:role/Load list s3://lake/in/quarter=1999Q1')
    expect(test.accesses).toContain(
      'arn:aws:iam::000000000000:role/Load read s3://lake/in/quarter=1999Q1/year=2000/b.txt',
    )
  })

  it('reads a manifest, and minds its mandatory files', async () => {
    await test.put('s3://lake/in/a.txt', line('A'))
    const entries = [
      { url: 's3://lake/in/a.txt', mandatory: true },
      { url: 's3://lake/in/none.txt', mandatory: false },
    ]
    await test.put('s3://lake/list.json', JSON.stringify({ entries }))
    await test.put(
      's3://lake/missing.json',
      JSON.stringify({ entries: [{ url: 's3://lake/in/none.txt', mandatory: true }] }),
    )

    await run("COPY loans FROM 's3://lake/list.json' IAM_ROLE default MANIFEST")

    expect(await rows('SELECT id FROM loans')).toEqual([['A']])
    await expect(run("COPY loans FROM 's3://lake/missing.json' IAM_ROLE default MANIFEST")).rejects.toThrow(
      'mandatory file s3://lake/in/none.txt does not exist',
    )
  })

  it.each<[string, string, string]>([
    [
      "COPY loans FROM 's3://lake/none' IAM_ROLE default",
      'WarehouseStorageError',
      "The specified S3 prefix 'none' does not exist",
    ],
    [
      "COPY loans FROM 's3://forbidden/x' IAM_ROLE default",
      'WarehouseStorageError',
      'S3ServiceException:default may not list,Status 403,Error AccessDenied',
    ],
    [
      "COPY nothing FROM 's3://lake/in/' IAM_ROLE default",
      'WarehouseObjectError',
      'Cannot COPY into nonexistent table nothing',
    ],
    ["COPY loans FROM 's3://lake/in/'", 'WarehouseObjectError', 'Must specify a valid IAM_ROLE'],
    [
      "COPY loans FROM 's3://lake/in/' IAM_ROLE default FORMAT AS ORC",
      'WarehouseUnsupportedError',
      'COPY ... FORMAT ORC is not supported',
    ],
    [
      "COPY loans FROM 's3://lake/in/' IAM_ROLE default FIXEDWIDTH 'a:1'",
      'WarehouseUnsupportedError',
      'The COPY option FIXEDWIDTH is not supported',
    ],
    [
      "COPY loans FROM 's3://lake/in/' IAM_ROLE default PARQUET MAXERROR 3",
      'WarehouseObjectError',
      'MAXERROR argument is not supported for PARQUET based COPY',
    ],
  ])('%s', async (sql, name, message) => {
    await expect(run(sql)).rejects.toMatchObject({ name, message: expect.stringContaining(message) })
  })
})

describe('Parquet', () => {
  const unload = (select: string, to = 's3://lake/in/') =>
    run(`UNLOAD ('${select.replaceAll("'", "''")}') TO '${to}' IAM_ROLE default FORMAT AS PARQUET ALLOWOVERWRITE`)
  const GOOD =
    "SELECT 'A'::varchar AS a, 700::smallint AS b, 1.5::decimal(8,2) AS c, DATE '1999-03-01' AS d, 'x'::varchar AS e"

  it('loads by position what has the same number, order and types of columns', async () => {
    await unload(GOOD)

    await expect(copy('FORMAT AS PARQUET')).resolves.toMatchObject({ rowCount: 1 })

    expect(await rows('SELECT * FROM loans')).toEqual([['A', 700, '1.50', '1999-03-01', 'x']])
  })

  it.each<[string, string, string]>([
    [
      'a missing column',
      GOOD.replace(", 'x'::varchar AS e", ''),
      'Unmatched number of columns between table and file. Table columns: 5, Data columns: 4',
    ],
    [
      'another type',
      GOOD.replace('700::smallint', '700::bigint'),
      "incompatible Parquet schema for column 'public.loans.score'. Column type: SMALLINT, Parquet schema: optional int64 b",
    ],
    [
      'another scale',
      GOOD.replace('decimal(8,2)', 'decimal(8,3)'),
      "for column 'public.loans.upb'. Column type: NUMERIC(8,2), Parquet schema: optional int32 c (DECIMAL(8,3))",
    ],
    [
      'another order',
      GOOD.replace("'A'::varchar AS a, 700::smallint AS b", "700::smallint AS b, 'A'::varchar AS a"),
      "for column 'public.loans.id'",
    ],
    [
      'too many bytes',
      GOOD.replace("'x'", "'12345äää'"),
      'The length of the data column name is longer than the length defined in the table. Table: 8, Data: 11',
    ],
  ])('refuses %s', async (_, select, message) => {
    await unload(select)

    await expect(copy('FORMAT AS PARQUET')).rejects.toMatchObject({
      name: 'WarehouseLoadError',
      message: expect.stringContaining(message),
    })

    expect(await rows('SELECT COUNT(*) FROM loans')).toEqual([[0]])
    expect(await rows('SELECT COUNT(*) FROM sys_load_error_detail')).toEqual([[1]])
  })

  it('refuses a file that is no Parquet', async () => {
    await test.put('s3://lake/in/a.parquet', 'no parquet at all')

    await expect(copy('FORMAT AS PARQUET')).rejects.toThrow('s3://lake/in/a.parquet')
  })

  it('passes over hidden files', async () => {
    await unload(GOOD)
    await test.put('s3://lake/in/_SUCCESS', '')

    await expect(copy('FORMAT AS PARQUET')).resolves.toMatchObject({ rowCount: 1 })
  })
})

describe('UNLOAD', () => {
  it('writes a folder a partition, without the partition column', async () => {
    await run(
      "UNLOAD ('SELECT n, n % 2 AS odd FROM generate_series(1, 4) t(n)') TO 's3://lake/out/' IAM_ROLE default FORMAT PARQUET PARTITION BY (odd)",
    )
    await run('CREATE TABLE numbers (n BIGINT)')

    await run("COPY numbers FROM 's3://lake/out/odd=1/' IAM_ROLE default FORMAT AS PARQUET")

    expect((await readdir(test.path('s3://lake/out'))).sort()).toEqual(['odd=0', 'odd=1'])
    expect(await rows('SELECT n FROM numbers ORDER BY n')).toEqual([[1], [3]])
  })

  it('writes text, and does not overwrite unless allowed', async () => {
    const statement = "UNLOAD ('SELECT 1, NULL, ''a b''') TO 's3://lake/text/part_' IAM_ROLE default NULL AS '\\\\N'"
    await run(statement)

    expect(await readFile(test.path('s3://lake/text/part_0000_part_00'), 'utf8')).toBe('1|\\N|a b\n')
    await expect(run(statement)).rejects.toThrow('Specified unload destination on S3 is not empty')
    await expect(run(`${statement} ALLOWOVERWRITE`)).resolves.toMatchObject({ command: 'UNLOAD', rowCount: 1 })
  })

  it('writes a manifest that COPY reads', async () => {
    await run(
      "UNLOAD ('SELECT ''A'', 1, 2.50, ''1999-03-01'', ''x''') TO 's3://lake/m/' IAM_ROLE default MANIFEST GZIP",
    )

    await run("COPY loans FROM 's3://lake/m/manifest' IAM_ROLE default MANIFEST GZIP")

    expect(await rows('SELECT id, upb FROM loans')).toEqual([['A', '2.50']])
  })
})
