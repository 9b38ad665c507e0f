/** The scripts of hql/ as EMR gets them: what real Hive stumbles over, and that a second run changes nothing. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { splitStatements } from '../../../local/engines/hive/syntax/script.ts'
import { type TestHive, testHive } from './session.ts'

const HQL = new URL('../../../hql/', import.meta.url)
const SCRIPTS = ['create-tables', 'process-origination', 'process-performance', 'count-records'] as const
const read = (name: string) => readFileSync(new URL(`${name}.hql`, HQL), 'utf8')

describe.each(SCRIPTS)('%s.hql', (name) => {
  it('keeps quotes and semicolons out of its comments, at which the Hive CLI stumbles', () => {
    // Comments on lines of their own are dropped by the CLI before it splits a script; those behind code are not.
    const behindCode = read(name)
      .split('\n')
      .filter((line) => !line.trimStart().startsWith('--'))
      .map((line) => line.replace(/'(?:[^'\\]|\\.)*'/g, ''))
      .filter((line) => line.includes('--'))
    expect(behindCode.filter((line) => /['";]/.test(line.slice(line.indexOf('--'))))).toEqual([])
  })

  it('takes only the variables that the workflow passes', () => {
    const own = [...read(name).matchAll(/SET hivevar:(\w+)/g)].map((match) => match[1])
    const used = [...read(name).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1])
    expect(used.filter((variable) => !['RAW', 'PROCESSED', 'QUARTERS', 'RUN', ...own].includes(variable!))).toEqual([])
  })

  it('splits into statements that each end with a semicolon', () => {
    expect(splitStatements(read(name)).length).toBe(read(name).replace(/--.*$/gm, '').split(';').length - 1)
  })
})

// Made-up lines in Release 47's layout: 31 and 35 fields.
const LOAN = (id: string, seller = 'OTHER SELLERS', fico = '742') =>
  `${fico}|199903|N|202902|31084|0|1|P|75|34|180000.00|75|6.875|R|N|FRM|CA|SF|900|${id}|P|360|2|${seller}|N||9|N|7|N|9999`
const MONTH = (id: string, period: string, upb = '180000.00') =>
  `${id}|${period}|${upb}|00|0|360|||||6.875|0.00||||||||||||||||||||180000.00|7|EXAMPLE BANK|`

describe('Two runs over two quarters', () => {
  let hive: TestHive
  const variables = (quarters: string) => ({
    RAW: 's3://raw',
    PROCESSED: 's3://processed',
    QUARTERS: quarters,
    RUN: 'r',
  })
  const runAll = async (quarters: string) => {
    for (const name of SCRIPTS) await hive.rows(read(name), variables(quarters))
  }
  const put = (path: string, lines: string[]) => {
    mkdirSync(join(hive.root, path, '..'), { recursive: true })
    writeFileSync(join(hive.root, path), `${lines.join('\n')}\n`)
  }
  const files = (folder: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(join(hive.root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => statSync(join(hive.root, folder, file)).isFile())
        .map((file) => [
          file,
          createHash('sha256')
            .update(readFileSync(join(hive.root, folder, file)))
            .digest('hex'),
        ]),
    )
  const raw = (table: string, quarter: string) => `raw/${table}/layout=r47/quarter=${quarter}/${table}.txt`

  beforeAll(async () => {
    hive = await testHive()
    put(raw('origination', '1999Q1'), [
      LOAN('F99Q10000001', ' PIPE \\ AND  SPACE '),
      LOAN('F99Q10000002'),
      LOAN('F99Q10000002', 'OTHER SELLERS', '700'),
      LOAN('F99Q20000009'),
      LOAN('F99Q10000003').replace('199903', '199913'),
      LOAN('F99Q10000004').replace('|75|', '|7x|'),
      `${LOAN('F99Q10000005')}|`,
    ])
    put(raw('performance', '1999Q1'), [
      MONTH('F99Q10000002', '199904'),
      MONTH('F99Q10000002', '199903'),
      MONTH('F99Q10000001', '200001'),
      MONTH('F99Q10000001', '199912'),
      MONTH('F99Q10000001', '199912', '170000.00'),
      MONTH('F99Q10000003', '199903'),
      MONTH('F99Q10000001', '199900'),
    ])
    put(raw('origination', '1999Q2'), [LOAN('F99Q20000001')])
    put(raw('performance', '1999Q2'), [MONTH('F99Q20000001', '199904')])
    await runAll("'1999Q1'")
  })
  afterAll(() => hive.close())

  it('counts what became of every record', () => {
    expect(readFileSync(join(hive.root, 'processed/counts/run=r/000000_0'), 'utf8')).toBe(
      'origination|1999Q1|7|5|2\nperformance|1999Q1|7|3|4\n',
    )
  })

  it('puts what it rejects into the quarantine, with the reason and the line', () => {
    const lines = readFileSync(join(hive.root, 'processed/quarantine/origination/quarter=1999Q1/000000_0'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.map((line) => line.split('\t')[0])).toEqual([
      'date',
      'duplicate',
      'field_count',
      'loan_identifier',
      'number',
    ])
    // The smaller record is the one with the lower score.
    expect(lines[1]).toBe(`duplicate\t${LOAN('F99Q10000002')}`)
  })

  it('touches no other quarter', () => {
    expect(existsSync(join(hive.root, 'processed/origination/origination_year=1999/quarter=1999Q2'))).toBe(false)
  })

  it('writes performance by quarter and year, sorted by loan and month', async () => {
    expect(readdirSync(join(hive.root, 'processed/performance/quarter=1999Q1'))).toEqual([
      'reporting_year=1999',
      'reporting_year=2000',
    ])
    expect(
      await hive.rows(
        "SELECT loan_identifier, period, current_actual_upb FROM performance WHERE quarter = '1999Q1' AND reporting_year = 1999;",
      ),
    ).toEqual([
      ['F99Q10000001', '1999-12-01', '170000.00'],
      ['F99Q10000002', '1999-03-01', '180000.00'],
      ['F99Q10000002', '1999-04-01', '180000.00'],
    ])
  })

  it('exports text that LOAD DATA reads back: escapes, NULL, one line a row', () => {
    const [first = ''] = readFileSync(
      join(hive.root, 'processed/export/origination/quarter=1999Q1/000000_0'),
      'utf8',
    ).split('\n')
    expect(first).toBe(
      '742|1999-03-01|N|2029-02-01|31084|0|1|P|75|34|180000.00|75|6.875|R|N|FRM|CA|SF|900|F99Q10000001|P|360|2|PIPE \\\\ AND SPACE|N|\\N|\\N|N|\\N|N|\\N|r47',
    )
  })

  it('gives the same bytes when it runs again, and adds a quarter without touching the first', async () => {
    const before = files('processed')
    await runAll("'1999Q1'")
    expect(files('processed')).toEqual(before)
    await runAll("'1999Q2'")
    const after = files('processed')
    for (const [file, hash] of Object.entries(before)) if (!file.startsWith('counts')) expect(after[file]).toBe(hash)
    // Nothing of it was rejected: origination, its export, performance.
    expect(Object.keys(after).filter((file) => file.includes('1999Q2')).length).toBe(3)
  })
})
