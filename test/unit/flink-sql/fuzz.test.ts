/** Whatever is in a script or a record: an answer or one of the named errors, soon. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserGenerator } from '../../../data/users/generator.ts'
import { functionNames } from '../../../local/engines/flink-sql/functions/index.ts'
import {
  compileScript,
  FlinkSqlRuntimeError,
  FlinkSqlSyntaxError,
  FlinkSqlUnsupportedError,
} from '../../../local/engines/flink-sql/index.ts'
import { STRING } from '../../../local/engines/flink-sql/types.ts'
import { likePattern } from '../../../local/engines/flink-sql/values/like.ts'
import { compile } from './evaluate.ts'

const users = readFileSync(new URL('../../../sql/flink/users.sql', import.meta.url), 'utf8').replace(/\$\{\w+\}/g, 'x')
const column = [{ name: 'a', type: STRING }]

function thrownBy(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}

/** Nothing, or an error that points into the script. */
function expectAnswer(script: string): void {
  const error = thrownBy(() => compileScript(script))
  if (error === undefined) return
  if (!(error instanceof FlinkSqlSyntaxError) && !(error instanceof FlinkSqlUnsupportedError)) throw error
  const lines = script.split('\n')
  expect(error.line).toBeGreaterThanOrEqual(1)
  expect(error.line).toBeLessThanOrEqual(lines.length)
  expect(error.column).toBeGreaterThanOrEqual(1)
  expect(error.column).toBeLessThanOrEqual(lines[error.line - 1]!.length + 1)
  const shown = error.message.split('\n')
  expect(shown.at(-1)).toMatch(/^\s*\^$/)
  expect(shown.at(-1)!.length).toBe(error.column + 2)
  expect(shown.at(-2)).toBe(`  ${lines[error.line - 1]}`)
}

describe('a script', () => {
  it('with anything changed in it is sound, or its error points to a place in it', () => {
    const tokens = users.split(/(?<=\W)|(?=\W)/)
    const other = fc.oneof(fc.constantFrom(...tokens), fc.string({ unit: 'binary', maxLength: 4 }), fc.constant(''))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(tokens.length - 1), other), { minLength: 1, maxLength: 3 }),
        (changes: [number, string][]) => {
          const changed = [...tokens]
          for (const [at, text] of changes) changed[at] = text
          expectAnswer(changed.join(''))
        },
      ),
      { numRuns: 300, seed: 4 },
    )
  })

  const head = `CREATE TABLE s (a STRING) WITH ('connector' = 'kinesis', 'format' = 'raw');
CREATE TABLE o (a STRING) WITH ('connector' = 'firehose', 'format' = 'json');\n`
  it.each([
    ['NOT', `INSERT INTO o SELECT a FROM s WHERE ${'NOT '.repeat(20_000)}a = 'x'`],
    ['signs', `INSERT INTO o SELECT CAST(${'- '.repeat(20_000)}1 AS STRING) FROM s`],
    ['||', `INSERT INTO o SELECT a${' || a'.repeat(20_000)} FROM s`],
    ['OR', `INSERT INTO o SELECT a FROM s WHERE a = 'x'${" OR a = 'y'".repeat(20_000)}`],
    ['IS TRUE', `INSERT INTO o SELECT a FROM s WHERE a = 'x'${' IS TRUE'.repeat(20_000)}`],
    ['brackets', `INSERT INTO o SELECT ${'('.repeat(20_000)}a FROM s`],
    [
      'views',
      `${Array.from({ length: 3000 }, (_, i) => `CREATE VIEW v${i + 1} AS SELECT a FROM ${i ? `v${i}` : 's'};`).join('')}INSERT INTO o SELECT a FROM v3000`,
    ],
    ['strings', `INSERT INTO o SELECT '${"''x".repeat(500_000)}`],
    ['comments', `${'-- x\n'.repeat(300_000)}/*`],
  ])('with too many %s ends in an error', (_name, script) => {
    expect(thrownBy(() => compileScript(head + script))).toBeInstanceOf(Error)
    expectAnswer(head + script)
  })

  it('may have strings and comments of megabytes', () => {
    const long = 'x'.repeat(2_000_000)
    expect(thrownBy(() => compileScript(`/*${long}*/${head}INSERT INTO o SELECT '${long}' FROM s`))).toBeUndefined()
  })
})

describe('a record', () => {
  it('of any bytes is a user or an error of users.sql, once', () => {
    const generator = new UserGenerator({ seed: 6, bad: 0.2 })
    const program = compileScript(users)
    const job = program.start()
    const [toUsers, toErrors] = [0, 1]
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text)),
      fc.tuple(fc.nat(1200), fc.string({ unit: 'binary', maxLength: 12 }), fc.nat(20)).map(([at, text, cut]) => {
        const { record } = generator.next(Date.now())
        return Buffer.from(record.slice(0, at) + text + record.slice(at + cut))
      }),
    )
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 20 }), (records) => {
        job.push(records)
        const rows = job.drain()
        expect(rows[toUsers]!.length + rows[toErrors]!.length).toBe(records.length)
        for (const row of rows.flat()) JSON.parse(row)
      }),
      { numRuns: 300, seed: 5 },
    )
  })
})

describe('a function', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      '',
      ' ',
      '12',
      '-0',
      '1e400',
      '1e-7',
      'NaN',
      'Infinity',
      '9223372036854775808',
      '0x1p3',
      '2026-02-30',
    ),
    fc.constantFrom(
      '{"x":1e9999999}',
      '{"x":[1.50]}',
      '+999999999-01-01',
      '9999-12-31 23:59:59.999',
      '\u{1f600}',
      '\ud800',
    ),
  )
  const quoted = text.map((value) => `'${value.replaceAll("'", "''")}'`)
  const type = fc.constantFrom(
    'INT',
    'TINYINT',
    'BIGINT',
    'FLOAT',
    'DOUBLE',
    'DECIMAL(38, 10)',
    'BOOLEAN',
    'STRING',
    'CHAR(3)',
    'VARCHAR(2)',
    'TIMESTAMP(3)',
    'TIMESTAMP_LTZ(3)',
  )
  const argument: fc.Arbitrary<string> = fc.oneof(
    fc.constantFrom('a', 'NULL', '0', '-1', '2147483647', '-2147483648', '9223372036854775807', '1.5', '1e308', 'TRUE'),
    quoted,
    fc
      .tuple(fc.constantFrom('TRY_CAST', 'CAST'), fc.oneof(fc.constant('a'), quoted), type)
      .map(([cast, value, to]) => `${cast}(${value} AS ${to})`),
    fc.constant("TO_TIMESTAMP(a) + INTERVAL '99' DAY"),
    fc.constantFrom("JSON_VALUE(a, '$.x')", "JSON_VALUE(a, '$.x[0]' RETURNING DOUBLE)", "JSON_EXISTS(a, 'lax $.x')"),
  )
  const call = fc
    .tuple(fc.constantFrom(...functionNames), fc.array(argument, { maxLength: 3 }))
    .map(([name, list]) => `${name}(${list.join(', ')})`)
  const expression = fc.oneof(
    call,
    fc
      .tuple(argument, fc.constantFrom('+', '-', '*', '/', '%', '||', '<', '=', 'LIKE', 'IS DISTINCT FROM'), argument)
      .map((parts) => parts.join(' ')),
    fc.tuple(argument, type).map(([value, to]) => `TRY_CAST(${value} AS ${to})`),
  )

  it('gives a value or a named error, whatever it is called with', () => {
    let values = 0
    fc.assert(
      fc.property(expression, text, (sql, value) => {
        const error = thrownBy(() => {
          compile(sql, column).text(value)
          values++
        })
        const isNamed = [FlinkSqlSyntaxError, FlinkSqlUnsupportedError, FlinkSqlRuntimeError].some(
          (type) => error instanceof type,
        )
        if (error !== undefined && !isNamed) throw error
      }),
      { numRuns: 6000, seed: 7 },
    )
    expect(values).toBeGreaterThan(1000)
  })

  const LONG = 200_000
  it.each([
    ['TRY_CAST(a AS INT)', `1${' '.repeat(LONG)}x`],
    ['TRY_CAST(a AS DOUBLE)', `1${' '.repeat(LONG)}x`],
    ['TRY_CAST(a AS DOUBLE)', `${'1'.repeat(LONG)}x`],
    ['TRY_CAST(a AS DOUBLE)', `0x${'1'.repeat(LONG)}x`],
    ['TRY_CAST(a AS DECIMAL(10, 2))', `1${' '.repeat(LONG)}x`],
    ["CAST(a LIKE '%x%x%x%x%y' AS STRING)", 'x'.repeat(LONG / 10)],
    ["JSON_VALUE(a, '$.x')", `{"x":"${'\\'.repeat(LONG)}`],
    ["JSON_VALUE(a, '$.x')", '['.repeat(LONG)],
    ["CAST(TO_TIMESTAMP(a, 'yyyy-MM-dd') AS STRING)", `${' '.repeat(LONG)}x`],
  ])('%s of a long text that does not fit takes no time', (sql, value) => {
    const before = process.cpuUsage()
    compile(sql, column).text(value)
    const { user } = process.cpuUsage(before)
    expect(user / 1e6).toBeLessThan(3)
  })

  it.each(['REPEAT(a, 2000000000)', "LPAD(a, 2000000000, 'x')", 'CAST(a AS CHAR(2000000000))'])(
    '%s ends in a sentence instead of the process',
    (sql) => {
      expect(() => compile(sql, column).text('xy')).toThrow(/characters does not fit here/)
    },
  )
})

describe('a number in JSON', () => {
  const number = fc.oneof(
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
    fc.tuple(fc.integer(), fc.nat(9999)).map(([whole, fraction]) => `${whole}.${String(fraction).padStart(4, '0')}`),
  )
  it('keeps its text, whatever has the same name elsewhere', () => {
    const { text } = compile("JSON_VALUE(a, '$.b.n')", column)
    fc.assert(
      fc.property(
        number,
        fc.oneof(number, fc.constant('1e3')),
        fc.constantFrom('', ',"q":"\\""'),
        (own, other, more) => {
          const document = `{"n": ${other}, "b": {"m": ${other}, "n" : ${own}, "o": "\\"n\\":1.0"}, "n": ${other}${more}}`
          expect(text(document)).toBe(own)
          expect(text(document.replaceAll('\\"', ''))).toBe(own)
        },
      ),
      { numRuns: 500, seed: 8 },
    )
    expect([text('{"b":{"n":1e3}}'), text('{"b":{"n":-0}}'), text('{"b":{"n":1e99999999999}}')]).toEqual([
      '1E+3',
      '0',
      null,
    ])
  })
})

describe('LIKE', () => {
  it('matches what the same regular expression matches', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\u{1f600}'), maxLength: 8 })
    const value = fc.string({ unit: fc.constantFrom('a', 'b', '\u{1f600}', '\n'), maxLength: 10 })
    fc.assert(
      fc.property(pattern, value, (like, found) => {
        const expression = new RegExp(`^${like.replaceAll('%', '.*').replaceAll('_', '.')}$`, 'su')
        expect(likePattern(like, undefined)!(found)).toBe(expression.test(found))
      }),
      { numRuns: 5000, seed: 9 },
    )
  })
})

describe('an interval', () => {
  it('has two digits unless it says otherwise, as on Flink', () => {
    const moment = "CAST(TIMESTAMP '2026-01-01 00:00:00' + INTERVAL '100' DAY"
    expect(() => compile(`${moment} AS STRING)`, [])).toThrow(
      "Interval field value 100 exceeds precision of DAY(2) field: write INTERVAL '100' DAY(3).",
    )
    expect(compile(`${moment}(3) AS STRING)`, []).text()).toBe('2026-04-11 00:00:00.000')
  })
})
