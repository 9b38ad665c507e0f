/** What the parser refuses, how it says so, and that it never fails in any other way. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileScript, FlinkSqlSyntaxError, FlinkSqlUnsupportedError } from '../../../local/engines/flink-sql/index.ts'
import { parseScript } from '../../../local/engines/flink-sql/parser/index.ts'

const tables = `CREATE TABLE s (a STRING, t AS TO_TIMESTAMP(a), WATERMARK FOR t AS t - INTERVAL '5' SECOND) WITH ('connector' = 'kinesis', 'format' = 'raw');
CREATE TABLE o (a STRING) WITH ('connector' = 'firehose', 'format' = 'json');
`
const failure = (script: string): Error => {
  try {
    compileScript(script)
  } catch (error) {
    return error as Error
  }
  throw new Error(`No error: ${script}`)
}

describe('an error', () => {
  it('points at its place with line, column and caret', () => {
    const error = failure(`${tables}INSERT INTO o\n  SELECT upper(b) FROM s`) as FlinkSqlSyntaxError

    expect(error).toMatchObject({ name: 'FlinkSqlSyntaxError', line: 4, column: 16 })
    expect(error.message).toBe(
      "4:16: Column 'b' not found. There are: a, t.\n    SELECT upper(b) FROM s\n                 ^",
    )
  })
})

describe('what is not Flink SQL', () => {
  it.each([
    ['SELEC a FROM s', /Unexpected "SELEC"/],
    [`${tables}INSERT INTO o SELECT a FROM s WHERE a != 'x'`, /write <>/],
    [`${tables}INSERT INTO o SELECT a FROM nowhere`, /Object 'nowhere' not found/],
    [`${tables}INSERT INTO o SELECT a, a FROM s`, /2 columns/],
    [`${tables}INSERT INTO o SELECT t FROM s`, /Incompatible types for the sink column 'a'/],
    [`${tables}INSERT INTO o SELECT a FROM s WHERE a`, /WHERE needs a BOOLEAN/],
    [`${tables}INSERT INTO o SELECT a || 1 FROM s`, /CAST it AS STRING/],
    [`${tables}INSERT INTO o SELECT a FROM s WHERE a = 1`, /no common type/],
    [`${tables}INSERT INTO o SELECT UPPER(a, a) FROM s`, /UPPER takes 1 argument/],
    [`${tables}INSERT INTO o SELECT 'x FROM s`, /does not end/],
    [`${tables}INSERT INTO o SELECT "a" FROM s`, /Double quotes/],
    [`${tables}INSERT INTO o SELECT A FROM s`, /Did you mean 'a'/],
    [tables, /no INSERT/],
    [
      `${tables}INSERT INTO o SELECT a FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(a), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end, a`,
      /no time attribute/,
    ],
    [
      `${tables}INSERT INTO o SELECT a FROM TABLE(TUMBLE(TABLE s, DESCRIPTOR(t), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end`,
      /not being grouped/,
    ],
    [
      `${tables}INSERT INTO o SELECT MAX(a) FROM TABLE(HOP(TABLE s, DESCRIPTOR(t), INTERVAL '2' SECOND, INTERVAL '5' SECOND)) GROUP BY window_start, window_end`,
      /multiple of its slide/,
    ],
    ['CREATE VIEW v AS SELECT a FROM v;' + tables + 'INSERT INTO o SELECT a FROM v', /reads itself/],
  ])('%s', (script, message) => {
    const error = failure(script)
    expect(error.message).toMatch(message)
    expect(error).toBeInstanceOf(FlinkSqlSyntaxError)
  })
})

describe('what is Flink SQL outside of the subset', () => {
  it.each([
    [`${tables}INSERT INTO o SELECT s.a FROM s JOIN s AS u ON s.a = u.a`, /A join/],
    [`${tables}INSERT INTO o SELECT a FROM s UNION ALL SELECT a FROM s`, /UNION/],
    [`${tables}INSERT INTO o SELECT ROW_NUMBER() OVER (ORDER BY a) FROM s`, /ROW_NUMBER/],
    [`${tables}INSERT INTO o SELECT a FROM (SELECT a FROM s)`, /sub-query/],
    [`${tables}INSERT INTO o SELECT a FROM s ORDER BY a`, /ORDER BY/],
    [`${tables}INSERT INTO o SELECT DISTINCT a FROM s`, /DISTINCT/],
    [`${tables}INSERT INTO o SELECT a FROM s GROUP BY a`, /without a window/],
    [`${tables}INSERT INTO o SELECT CAST(COUNT(*) AS STRING) FROM s`, /without a window/],
    [`${tables}INSERT INTO o SELECT a FROM TABLE(SESSION(TABLE s, DESCRIPTOR(t), INTERVAL '5' MINUTE))`, /SESSION/],
    [`${tables}INSERT INTO o SELECT FOO(a) FROM s`, /The function FOO/],
    [`${tables}INSERT INTO o SELECT JSON_VALUE(a, '$.x[*]') FROM s`, /JSON path/],
    [
      `CREATE TABLE s (a STRING, t TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL) WITH ('connector' = 'kinesis')`,
      /FLINK-36671/,
    ],
    ["CREATE TABLE s (a ARRAY<INT>) WITH ('format' = 'raw')", /type ARRAY/],
    ["CREATE TABLE s (a TIMESTAMP(6)) WITH ('format' = 'raw')", /precision but 3/],
    ["SET 'table.local-time-zone' = 'Europe/Berlin'", /no INSERT|time zone/],
    ['DROP TABLE s', /DROP/],
    ['SELECT 1', /SELECT/],
  ])('%s', (script, message) => {
    const error = failure(script)
    expect(error.message).toMatch(message)
    if (!/time-zone/.test(script)) expect(error).toBeInstanceOf(FlinkSqlUnsupportedError)
  })
})

describe('the parser', () => {
  const words = fc.constantFrom(
    ...`SELECT FROM WHERE GROUP BY CASE WHEN THEN ELSE END AND OR NOT IS NULL TRUE JSON LIKE IN BETWEEN CAST TRY_CAST AS INT STRING
    DECIMAL COUNT SUM TABLE TUMBLE HOP DESCRIPTOR INTERVAL SECOND INSERT INTO CREATE VIEW WATERMARK FOR WITH SET EXECUTE STATEMENT BEGIN
    JSON_VALUE SUBSTRING TRIM POSITION UPPER COALESCE a b t s ( ) ( ) , . ; = <> < > + - * / % || 'x' '$.a' '5' 1 2.5 1e3 \`q\` -- /* */ '`.split(
      /\s+/,
    ),
  )
  const attempt = (script: string) => {
    try {
      parseScript(script)
    } catch (error) {
      return error
    }
    return undefined
  }

  it('answers any words with statements or with one of its two errors', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (list) => {
        const error = attempt(list.join(' '))
        expect(
          error === undefined || error instanceof FlinkSqlSyntaxError || error instanceof FlinkSqlUnsupportedError,
        ).toBe(true)
      }),
      { numRuns: 3000, seed: 1 },
    )
  })

  it('answers any characters so too', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (script) => {
        const error = attempt(script)
        expect(
          error === undefined || error instanceof FlinkSqlSyntaxError || error instanceof FlinkSqlUnsupportedError,
        ).toBe(true)
      }),
      { numRuns: 2000, seed: 2 },
    )
  })

  it('answers a script with a word cut out or doubled so too', () => {
    const whole = `${tables}INSERT INTO o SELECT CASE WHEN a IS NOT JSON OBJECT THEN 'x' ELSE JSON_VALUE(a, '$.b' DEFAULT 'c' ON EMPTY) END FROM s WHERE NOT (a LIKE 'b%' OR a IN ('c', 'd'))`
    const list = whole.split(/(?<=\s)/)
    fc.assert(
      fc.property(fc.nat(list.length - 1), fc.boolean(), (at, doubled) => {
        const changed = doubled ? list.toSpliced(at, 0, list[at]!) : list.toSpliced(at, 1)
        let error: unknown
        try {
          compileScript(changed.join(''))
        } catch (thrown) {
          error = thrown
        }
        expect(
          error === undefined || error instanceof FlinkSqlSyntaxError || error instanceof FlinkSqlUnsupportedError,
        ).toBe(true)
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  it('ends deep nesting with a message instead of a stack overflow', () => {
    const error = attempt(`${tables}INSERT INTO o SELECT ${'('.repeat(100_000)}a FROM s`) as Error
    expect(error.message).toMatch(/200 levels/)
  })
})
