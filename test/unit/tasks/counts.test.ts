import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COLUMNS, emptyLine, expressions, lineLength, rowsOf } from '../../../tasks/batch/archive/measures.ts'
import { recordMetrics } from '../../../tasks/batch/archive/metrics.ts'
import { compare, linesOf } from '../../../tasks/batch/archive/reconciliation.ts'
import { archiveRow } from '../../../tasks/batch/archive/table.ts'
import { handler as checkQuality } from '../../../tasks/batch/check-quality.ts'
import { handler as listExportFiles } from '../../../tasks/batch/list-export-files.ts'
import { LineCounter } from '../../../tasks/batch/mysql/count-lines.ts'
import { recordsOf } from '../../../tasks/batch/mysql/load-answer.ts'
import { failure } from '../../support/cloud.ts'
import { archivesTable, bucket, execution, heldLock, invoke, startAws, type TestAws } from './aws.ts'

let aws: TestAws
beforeEach(async () => {
  aws = await startAws()
  await bucket(aws.cloud, 'processed')
  await archivesTable(aws.cloud)
  await heldLock(aws.cloud)
})
afterEach(() => aws.close())

const put = (Key: string, Body: string) => aws.cloud.as('s3', 'PutObject', { Bucket: 'processed', Key, Body })

describe('CheckQuality', () => {
  const archives = ['1999Q1', '1999Q2'].map((quarter) => ({
    quarter,
    name: `historical_data_${quarter}.zip`,
    size: 1,
    checksum: 'sha256:a',
  }))
  const check = (quarters: string[]) =>
    invoke(
      checkQuality,
      { execution: execution(), archives, quarters },
      { PROCESSED_BUCKET: 'processed', ARCHIVES_TABLE: 'archives', LOCKS_TABLE: 'locks' },
    )
  const counts = (...lines: string[]) => put('counts/run=run-1/000000_0', `${lines.join('\n')}\n`)

  it('passes when every raw record is processed or rejected, and notes the counts', async () => {
    await counts('origination|1999Q1|10|1|9', 'performance|1999Q1|100|0|100')
    await put('counts/run=run-1/000001_0', 'origination|1999Q2|5|0|5\nperformance|1999Q2|50|2|48\n')
    await put('counts/run=run-1/_SUCCESS', 'origination|1999Q1|0|0|0\n')
    await put('counts/run=run-10/000000_0', 'origination|1999Q1|1|1|1\n')

    expect(await check(['1999Q1', '1999Q2'])).toEqual({ quarters: 2 })
    expect(await archiveRow('archives', '1999Q2')).toMatchObject({
      processed: 'historical_data_1999Q2.zip|1|sha256:a',
      hive: {
        origination: { raw: 5, rejected: 0, processed: 5 },
        performance: { raw: 50, rejected: 2, processed: 48 },
      },
    })
  })

  it.each([
    [
      'records are lost',
      'performance|1999Q1|100|3|96',
      /performance of 1999Q1 has 100 raw.*96 processed and 3 rejected: 1 are lost/,
    ],
    ['there are too many', 'performance|1999Q1|100|3|99', /2 too many/],
    ['nothing was processed', 'performance|1999Q1|100|100|0', /^100 of 100 records of performance in 1999Q1 are/],
    ['most of it is rejected', 'performance|1999Q1|100|51|49', /^51 of 100 records of performance in 1999Q1 are/],
    ['a line is of another form', 'performance|1999Q1|100|x|0', /"performance\|1999Q1\|100\|x\|0"/],
    ['a table was not counted', '', /counts no performance of 1999Q1/],
  ])('fails with QualityError when %s, and notes nothing', async (_, line, message) => {
    await counts('origination|1999Q1|10|1|9', line)
    const error = await failure(() => check(['1999Q1']))
    expect(error).toMatchObject({ name: 'QualityError' })
    expect(error.message).toMatch(message)
    expect(await archiveRow('archives', '1999Q1')).toBeUndefined()
  })

  it('says why and where, when all of a quarter is rejected', async () => {
    await counts('origination|1999Q1|10|10|0', 'performance|1999Q1|100|100|0')
    await put(
      'counts/rejects/run=run-1/000000_0',
      'origination|1999Q1|date|3\norigination|1999Q1|loan_identifier|7\nperformance|1999Q1|unknown_loan|100\n',
    )
    const { message } = await failure(() => check(['1999Q1']))
    expect(message).toContain('10 of 10 records of origination in 1999Q1 are rejected (loan_identifier 7, date 3)')
    expect(message).toContain('s3://processed/quarantine/origination/quarter=1999Q1/')
  })

  it('lets a quarter pass of which half is rejected', async () => {
    await counts('origination|1999Q1|10|5|5', 'performance|1999Q1|100|50|50')
    expect(await check(['1999Q1'])).toEqual({ quarters: 1 })
  })

  it('keeps what Hive did of the other quarters, and says how to load them', async () => {
    await counts(
      ...['origination|1999Q1|10|1|9', 'performance|1999Q1|100|100|0'],
      ...['origination|1999Q2|10|1|9', 'performance|1999Q2|100|1|99'],
    )
    const { message } = await failure(() => check(['1999Q1', '1999Q2']))
    expect(message).toMatch(
      /^100 of 100 records of performance in 1999Q1 .* Nothing was loaded\. .*input {"quarters":\["1999Q2"\]} loads/,
    )
    expect(await archiveRow('archives', '1999Q1')).toBeUndefined()
    expect(await archiveRow('archives', '1999Q2')).toMatchObject({ processed: expect.stringContaining('1999Q2.zip') })
  })
})

describe('ListExportFiles', () => {
  const list = (quarters: string[]) =>
    invoke<{ loads: { parts: { from: number; to: number }[] }[] }>(
      listExportFiles,
      { quarters },
      { PROCESSED_BUCKET: 'processed' },
    )
  const prefix = 'export/origination/quarter=1999Q1/'

  it('lists the files of the quarters, without hidden and empty ones', async () => {
    await put(`${prefix}000000_0`, 'a|b\n')
    await put(`${prefix}.hive-staging/part`, 'a|b\n')
    await put(`${prefix}_SUCCESS`, 'x')
    await put(`${prefix}000001_0`, '')
    await put('export/origination/quarter=1999Q2/000000_0', 'a\n')
    expect(await list(['1999Q1'])).toEqual({
      loads: [{ parts: [{ quarter: '1999Q1', key: `${prefix}000000_0`, from: 0, to: 4, size: 4 }] }],
    })
  })

  it('puts small files together, of several quarters too, while they have at most 8 MiB', async () => {
    // Prepare
    const sizes: Record<string, number[]> = { '1999Q1': [3, 4], '1999Q2': [1, 30], '1999Q3': [2, 7] }
    const ListObjectsV2 = ({ Prefix }: { Prefix: string }) => ({
      Contents: sizes[Prefix.slice(-7, -1)]?.map((mib, i) => ({ Key: `${Prefix}00000${i}_0`, Size: mib * 2 ** 20 })),
    })
    aws.cloud.fake('s3', { ListObjectsV2 })

    // Act
    const { loads } = await list(Object.keys(sizes))

    // Assess
    const mib = loads.map(({ parts }) => parts.map(({ from, to }) => (to - from) / 2 ** 20))
    expect(mib).toEqual([[3, 4, 1], [30], [2], [7]])
  })

  it('cuts a large file into parts of at most 32 MiB, which cover it', async () => {
    const size = 100 * 2 ** 20
    aws.cloud.fake('s3', { ListObjectsV2: () => ({ Contents: [{ Key: `${prefix}000000_0`, Size: size }] }) })
    expect(await list(['1999Q1'])).toEqual({
      loads: [0, 25, 50, 75].map((at) => ({
        parts: [{ quarter: '1999Q1', key: `${prefix}000000_0`, from: at * 2 ** 20, to: (at + 25) * 2 ** 20, size }],
      })),
    })
  })

  it('fails with ExportMissing when a quarter has none', async () => {
    expect(await failure(() => list(['1999Q1']))).toMatchObject({ name: 'ExportMissing' })
  })

  it('refuses more than a state can pass on', async () => {
    const Contents = Array.from({ length: 3_000 }, (_, i) => ({
      Key: `${prefix}${String(i).padStart(40, '0')}`,
      Size: 1,
    }))
    aws.cloud.fake('s3', { ListObjectsV2: () => ({ Contents, IsTruncated: false }) })
    expect(await failure(() => list(['1999Q1']))).toMatchObject({ name: 'TooManyFiles' })
  })
})

describe('reconciliation', () => {
  /** A line of measures in which every value is 7, but for the rows and what the test says. */
  const line = (table: 'origination' | 'performance', rows: number, change: Record<number, string> = {}) =>
    Array.from({ length: lineLength(table) }, (_, i) => (i === 0 ? String(rows) : (change[i] ?? '7'))).join('|')
  const hive = {
    origination: { raw: 10, rejected: 1, processed: 9, measures: line('origination', 9) },
    performance: { raw: 100, rejected: 0, processed: 100, measures: line('performance', 100) },
  }

  it('passes equal tables on as their rows', () => {
    const held = { origination: line('origination', 9), performance: line('performance', 100) }
    expect(compare('1999Q1', 'redshift', hive, held)).toEqual({ origination: 9, performance: 100 })
    expect(compare('1999Q1', 'mysql', hive, { origination: held.origination })).toEqual({ origination: 9 })
  })

  it('takes a number as the same with other decimals', () => {
    const held = { origination: line('origination', 9, { 2: '7.00' }) }
    expect(compare('1999Q1', 'mysql', hive, held)).toEqual({ origination: 9 })
  })

  it('names quarter, table, store and both values of a difference', async () => {
    const held = { origination: line('origination', 9), performance: line('performance', 99) }
    const error = await failure(() => compare('1999Q1', 'redshift', hive, held))
    expect(error).toMatchObject({ name: 'ReconciliationError' })
    for (const part of ['performance', '1999Q1', 'redshift', '100', '99']) expect(error.message).toContain(part)
  })

  it.each([
    ['origination', 2, 'classic_fico: sum'],
    ['origination', lineLength('origination') - 1, 'layout: maximum'],
    ['performance', 3, 'loan_identifier: maximum'],
  ] as const)('names the column of %s that differs at value %i: %s', async (table, at, what) => {
    const held = { [table]: line(table, hive[table].processed, { [at]: '8' }) }
    const error = await failure(() => compare('1999Q1', 'mysql', hive, held))
    expect(error).toMatchObject({ name: 'ReconciliationError' })
    expect(error.message).toContain(`${table} of 1999Q1 differs in ${what}: 7 as processed by Hive, 8 in mysql`)
  })

  it('counts a quarter that Redshift does not name as empty', () => {
    const lines = linesOf('origination', [{ quarter: '1999Q1', m0: 9, m1: 9, m2: '6300' }], ['1999Q1', '1999Q2'])
    expect(lines.get('1999Q1')).toMatch(/^9\|9\|6300\|\\N/)
    expect(lines.get('1999Q2')).toBe(emptyLine('origination'))
    expect(rowsOf(emptyLine('origination'))).toBe(0)
  })

  it.each(['origination', 'performance'] as const)(
    'measures every column of %s in the scripts of every engine',
    (table) => {
      const flat = (text: string) => text.replaceAll(/\s+/g, ' ')
      const hql = flat(readFileSync('hql/count-records.hql', 'utf8'))
      expect(hql).toContain(`SELECT quarter, ${expressions(table, 'hive').join(', ')} FROM ${table} `)
      const ddl = readFileSync('sql/redshift/create-tables.sql', 'utf8')
      const declared = new RegExp(`public\\.${table} \\((.*?)PRIMARY KEY`, 's').exec(ddl)![1]!
      const columns = [...declared.matchAll(/^ {2}(\w+) +([A-Z]+)/gm)].map(([, name = '', type = '']) => ({
        name,
        type,
      }))
      const kinds: Record<string, string> = { SMALLINT: 'number', DECIMAL: 'number', DATE: 'date' }
      expect(columns.slice(0, -1).map(({ name, type }) => ({ name, kind: kinds[type] ?? 'text' }))).toEqual(
        COLUMNS[table],
      )
    },
  )
})

describe('the metrics of records', () => {
  it('are lines that CloudWatch reads: each metric that they name is a number in them', () => {
    const counts = {
      origination: { raw: 10, rejected: 1, processed: 9 },
      performance: { raw: 100, rejected: 0, processed: 100 },
    }
    const lines = recordMetrics([counts, counts], new Date(5)).map((line) => JSON.parse(line))
    expect(lines.map(({ Table, Raw, Rejected, Processed }) => [Table, Raw, Rejected, Processed])).toEqual([
      ['origination', 20, 2, 18],
      ['performance', 200, 0, 200],
    ])
    for (const line of lines) {
      const [{ Namespace, Dimensions, Metrics }] = line._aws.CloudWatchMetrics
      expect([line._aws.Timestamp, Namespace, Dimensions]).toEqual([5, 'Stepwell/Batch', [['Table']]])
      for (const { Name } of Metrics) expect(line[Name]).toBeTypeOf('number')
    }
  })
})

describe('the MySQL load', () => {
  it.each([
    [['a\nb\n'], 2],
    [['a\nb'], 2],
    [['a', '\n', 'b', 'c\n'], 2],
    [[''], 0],
    [['\n\n'], 2],
  ])('counts the lines of %j', async (chunks, lines) => {
    const counter = new LineCounter()
    counter.resume()
    for (const chunk of chunks) counter.write(Buffer.from(chunk))
    counter.end()
    await new Promise((resolve) => counter.once('end', resolve))
    expect(counter.lines).toBe(lines)
  })

  it('reads what MySQL says of LOAD DATA', () => {
    expect(recordsOf('Records: 1500  Deleted: 0  Skipped: 2  Warnings: 7')).toEqual({
      records: 1500,
      skipped: 2,
      warnings: 7,
    })
    expect(() => recordsOf('')).toThrow(/tells no Records/)
  })
})
