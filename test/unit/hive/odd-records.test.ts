/** Records that no generator makes: bytes, lengths and spellings at which one of the stores, or a SerDe, would stumble later. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestHive, testHive } from './session.ts'

const SCRIPTS = ['create-tables', 'process-origination', 'process-performance']
const VARIABLES = { RAW: 's3://raw', PROCESSED: 's3://processed', QUARTERS: "'1999Q1'", RUN: 'r' }

/** Fields by their number from 1, in Release 47's layout. */
function line(fields: string[], changes: Record<number, string>): string {
  return fields.map((field, i) => changes[i + 1] ?? field).join('|')
}
const ORIGINATION =
  '742|199903|N|202902|31084|0|1|P|75|34|180000.00|75|6.875|R|N|FRM|CA|SF|900|F99Q10000000|P|360|2|SELLER|N||9|N|7|N|9999'.split(
    '|',
  )
const MONTH = 'F99Q10000001|199903|180000.00|00|0|360|||||6.875|0.00||||||||||||||||||||180000.00|7|SERVICER|'.split(
  '|',
)
const loan = (number: number, changes: Record<number, string> = {}) =>
  line(ORIGINATION, { 20: `F99Q1000000${number}`, ...changes })
const month = (number: number, changes: Record<number, string> = {}) =>
  line(MONTH, { 2: `1999${String(number).padStart(2, '0')}`, ...changes })

let hive: TestHive
const put = (table: string, lines: string[]) => {
  const folder = join(hive.root, 'raw', table, 'layout=r47/quarter=1999Q1')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'data.txt'), Buffer.from(lines.join('\n'), 'latin1'))
}
const rejects = (table: string) =>
  readFileSync(join(hive.root, `processed/quarantine/${table}/quarter=1999Q1/000000_0`), 'utf8')
    .trimEnd()
    .split('\n')

beforeAll(async () => {
  hive = await testHive()
  put('origination', [
    loan(1),
    loan(2, { 24: '\xe9'.repeat(60) }),
    loan(3, { 24: 'x'.repeat(61) }),
    loan(4, { 24: 'NUL\0' }),
    loan(5, { 26: 'F199Q4000001' }),
    loan(6, { 26: 'F199Q40000012' }),
    loan(7, { 24: 'A\x0bB \x81' }),
    `${loan(8)}\x01 and more`,
  ])
  put('performance', [
    month(1, { 15: '-1234567890.12' }),
    month(2, { 15: '-12345678901.12' }),
    month(3, { 26: '0999' }),
    month(4, { 26: '0998' }),
    month(5, { 34: 'x'.repeat(61) }),
    '',
    '',
    ' ',
  ])
  for (const name of SCRIPTS)
    await hive.rows(readFileSync(new URL(`../../../hql/${name}.hql`, import.meta.url), 'utf8'), VARIABLES)
}, 60_000)
afterAll(() => hive.close())

describe('Odd records', () => {
  it('are rejected where a store could not hold a field', () => {
    // Act
    const reasons = rejects('origination').map((text) => [text.split('\t')[0], /F99Q1000000(\d)/.exec(text)![1]])

    // Assess: names of more than 60 characters or with control characters, an identifier of 13, and text behind byte 1.
    expect(reasons).toEqual([
      ['code', '3'],
      ['code', '4'],
      ['code', '6'],
      ['number', '8'],
    ])
    expect(rejects('performance').map((text) => text.split('|')[1])).toEqual([
      '199905',
      ...[undefined, undefined, undefined],
      '199902',
    ])
  })

  it('are kept whole in the quarantine, also behind the byte that is the SerDe’s own delimiter', () => {
    expect(rejects('origination').at(-1)).toBe(`number\t${loan(8)}\x01 and more`)
    expect(rejects('performance').slice(1, 4)).toEqual(['field_count\t', 'field_count\t', 'field_count\t '])
  })

  it('become text as Java decodes it and white space as Java sees it', async () => {
    expect(await hive.rows('SELECT seller_name FROM origination WHERE loan_identifier = "F99Q10000007";')).toEqual([
      ['A B \ufffd'],
    ])
  })

  it('know a missing value in every spelling', async () => {
    expect(await hive.rows('SELECT month(period), eltv, net_sales_proceeds FROM performance ORDER BY period;')).toEqual(
      [
        ['1', null, '-1234567890.12'],
        ['3', null, null],
        ['4', '998', null],
      ],
    )
  })
})

describe('A regular expression', () => {
  it.each([
    ["'a\\u000bb' RLIKE '^a\\\\sb$'", 'true'],
    ["'\\u000b' RLIKE '\\\\S'", 'false'],
    ["'a\\u000bb' RLIKE '^a[\\\\s]b$'", 'true'],
    ["'a b' RLIKE '^a[^\\\\s]b$'", 'false'],
  ])('has Java’s white space: %s is %s', async (expression, expected) => {
    expect(await hive.rows(`SELECT ${expression};`)).toEqual([[expected]])
  })

  it.each(["'a' RLIKE '[a[b]]'", "'a' RLIKE '(?U)a'", "'a' RLIKE '\\\\v'"])(
    'is refused where RE2 would read something else: %s',
    async (expression) => {
      expect((await hive.failure(`SELECT ${expression};`)).name).toBe('HiveUnsupported')
    },
  )
})
