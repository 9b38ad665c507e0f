/** Every function and cast against recordings of Flink 2.2.0 (recorded/README.md). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compile, readValue, typeOf } from './evaluate.ts'

type Literal = [sql: string, type: string, text: string | null]
type OverColumn = [sql: string, from: string, type: string, rows: [input: string | null, text: string | null][]]

const read = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), 'utf8'))

/** Lengths of text are not tracked through functions: CHAR(3), VARCHAR(6) and STRING hold the same values. */
const kind = (type: string) => (/^(STRING|VARCHAR|CHAR)/.test(type) ? 'text' : type)

/** Java 17 writes some floats with one digit more than they need, so they are compared as numbers. */
const value = (type: string, text: string | null) =>
  type === 'FLOAT' && text !== null ? Math.fround(Number(text)) : text

/** Differences that stay, with their reasons. Literal expressions by their text. */
const literalDeviations: [RegExp, string][] = [
  [/AS DECIMAL\(5,2\)\)$/, 'Flink bug: text without digits is 0.00, and rounding may give one digit too many'],
  [
    /^CAST\((1234\.5|12345) AS DECIMAL\(3,1\)\)$/,
    'Flink writes a NULL into a NOT NULL column: the recording shows an empty text',
  ],
  [/-0\.0e0/, 'The planner folds -0.0 to 0.0'],
  [/^CAST\(CAST\(1\.1 AS FLOAT\) AS DOUBLE\)$/, 'The planner folds the two casts to one'],
  [/TIMESTAMP '/, 'Literals are TIMESTAMP(3) here, TIMESTAMP(0) or (1) in Flink'],
  [/\+12026-/, 'CAST to text of the year 12026 wraps in Flink'],
  [/^[LR]PAD\('hi', (5, ''|-1)/, 'Flink takes the NULL for a violation of its own NOT NULL'],
]

describe('literal expressions', () => {
  it.each(read<Literal>('literals'))('%s', (sql, type, text) => {
    if (literalDeviations.some(([form]) => form.test(sql))) return
    let found: { type: string; text: string | null }
    try {
      const compiled = compile(sql)
      found = { type: kind(compiled.type), text: compiled.text() }
    } catch (error) {
      // Outside of the subset is a fair answer; any other failure has to be Flink's too.
      if ((error as Error).name === 'FlinkSqlUnsupportedError') return
      expect((error as Error).name).toMatch(/^FlinkSql(Syntax|Runtime)Error$/)
      expect(type, `${error}`).toBe('error')
      return
    }
    expect({ ...found, text: value(type, found.text) }).toEqual({ type: kind(type), text: value(type, text) })
  })

  it('leaves few expressions of the recording out', () => {
    const outside = read<Literal>('literals').filter(([sql]) => {
      try {
        compile(sql).text()
        return false
      } catch (error) {
        return (error as Error).name === 'FlinkSqlUnsupportedError'
      }
    })
    expect(outside.length).toBeLessThan(25)
  })
})

const columnDeviations: { sql: RegExp; from?: RegExp; input?: RegExp; reason: string }[] = [
  {
    sql: /^TRY_CAST\(s AS DECIMAL/,
    from: /STRING/,
    input: /^(00012|1\.5f|-?999\.995|[xTn]|１２)$/,
    reason:
      'Flink reads DECIMALs from text in odd ways: no digits are 0, leading zeros count, a suffix or a 1000.00 passes',
  },
  { sql: /TO_TIMESTAMP/, input: /^\+12026/, reason: 'CAST to text of the year 12026 wraps in Flink' },
  { sql: /^s (=|<>) s$/, input: /^NaN$/, reason: 'The planner makes s = s TRUE without looking at s' },
]

describe('expressions over a column', () => {
  it.each(read<OverColumn>('columns').map((record) => [record[0], record[1], record] as const))(
    '%s of %s',
    (sql, from, record) => {
      const [, , type, rows] = record
      const column = { name: 's', type: typeOf(from) }
      const compiled = compile(sql, [column])
      const numeric = from === 'FLOAT' && sql.includes('AS STRING') ? 'FLOAT' : type
      const deviates = (input: string | null) =>
        columnDeviations.some(
          (one) => one.sql.test(sql) && (one.from?.test(from) ?? true) && (one.input?.test(input ?? '') ?? true),
        )
      const expected = rows.filter(([input]) => !deviates(input))
      const found = expected.map(([input]) => [input, value(numeric, compiled.text(readValue(input, column.type)))])
      expect(kind(compiled.type)).toBe(kind(type))
      expect(found).toEqual(expected.map(([input, text]) => [input, value(numeric, text)]))
    },
  )
})
