/** The splitter and the parser take any text without breaking. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HiveError } from '../../../local/engines/hive/errors.ts'
import { tokenize } from '../../../local/engines/hive/syntax/lexer.ts'
import { withoutPlace } from '../../../local/engines/hive/syntax/queries.ts'
import { splitStatements, substitute } from '../../../local/engines/hive/syntax/script.ts'
import { parseStatement } from '../../../local/engines/hive/syntax/statements.ts'

const ORIGIN = { line: 1, column: 1 }

/** What the parser says, unless it is an error that it means. */
const outcome = (text: string) => {
  try {
    return parseStatement(text, ORIGIN)
  } catch (error) {
    if (error instanceof HiveError) return undefined
    throw error
  }
}

describe('Splitting', () => {
  const piece = fc.oneof(
    fc.constant("SELECT 'a;b'"),
    fc.constant('SELECT ";"'),
    fc.constant('SELECT `;`'),
    fc.constant("SELECT 'it\\'s;'"),
    fc.constant('USE d -- no; end'),
    fc.constant('USE /* ; */ d'),
    fc.constant("SELECT '${A}', ${B}"),
  )

  it('finds as many statements as there are, wherever semicolons hide', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 8 }),
        fc.constantFrom(';\n', ' ;', ';;\r\n', '\n;\n-- x;y\n'),
        (pieces, end) => {
          const script = pieces.map((p) => `${p}\n`).join(end)
          expect(splitStatements(script).map(({ text }) => text.replace(/\s*--.*$/, '').trimEnd())).toEqual(
            pieces.map((p) => p.replace(/ -- .*$/, '')),
          )
        },
      ),
    )
  })

  it('tells the line and column where each statement begins', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 6 }), (gaps) => {
        const script = gaps.map((gap) => `${'\n'.repeat(gap)} USE d;`).join('')
        const lines = script.split('\n')
        for (const { line, column } of splitStatements(script))
          expect(lines[line - 1]!.slice(column - 1)).toMatch(/^USE d/)
      }),
    )
  })

  it('never breaks on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        try {
          splitStatements(text)
        } catch (error) {
          expect(error).toBeInstanceOf(HiveError)
        }
      }),
    )
  })

  it('covers the text with its tokens', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'a',
            ' ',
            "'x'",
            '"y"',
            '`z`',
            '1',
            '1.5',
            '1e3',
            '.5',
            '<=',
            '<=>',
            '||',
            '(',
            ')',
            ',',
            '\n',
            '-- c\n',
            '/* d */',
            '1abc',
            'ä',
          ),
          { maxLength: 30 },
        ),
        (parts) => {
          const text = parts.join('')
          const tokens = tokenize(text)
          const covered = tokens.map(({ start, end }) => text.slice(start, end)).join('')
          expect(covered).toBe(text.replace(/--.*\n|\/\*.*?\*\//g, '').replace(/\s/g, ''))
          expect(tokens.every((t, i) => i === 0 || tokens[i - 1]!.end <= t.start)).toBe(true)
        },
      ),
    )
  })
})

describe('Variables', () => {
  it('are put in wherever they stand, also into each other', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[A-Z]{1,4}$/), fc.stringMatching(/^[a-z0-9',. ]{0,8}$/), { minKeys: 1 }),
        (values) => {
          const names = Object.keys(values)
          const text = names.map((name) => `[\${${name}}] [\${hivevar:${name}}]`).join(' ')
          const result = substitute({ text, ...ORIGIN }, { hivevar: (name) => values[name], hiveconf: () => undefined })
          expect(result).toBe(names.map((name) => `[${values[name]}] [${values[name]}]`).join(' '))
        },
      ),
    )
  })

  it('that name themselves are an error, not an endless loop', () => {
    expect(() => substitute({ text: '${A}', ...ORIGIN }, { hivevar: () => '${A}', hiveconf: () => undefined })).toThrow(
      /40 levels/,
    )
  })
})

describe('Parsing', () => {
  const name = fc.constantFrom('a', 'b', 't.a', '`x y`', 'day', 'year(a)', 'm[1]', 's.f.g')
  const literal = fc.constantFrom(
    '1',
    '2.5',
    '1e3',
    "'x'",
    'NULL',
    'TRUE',
    "date '2005-01-01'",
    '10L',
    "interval '1' day",
  )
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(name, literal),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom(
            '+',
            '-',
            '*',
            '/',
            'DIV',
            '%',
            '=',
            '<>',
            '<=>',
            'AND',
            'OR',
            '||',
            '&',
            'LIKE',
            'RLIKE',
            'NOT IN (1) AND',
            'IS NOT NULL OR',
          ),
          tie('expression'),
        )
        .map(([a, o, b]) => `${a} ${o} ${b}`),
      tie('expression').map((e) => `(${e})`),
      tie('expression').map((e) => `(NOT ${e})`),
      tie('expression').map((e) => `- ${e}`),
      tie('expression').map((e) => `CAST(${e} AS DECIMAL(14,2))`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `CASE WHEN ${a} THEN ${b} END`),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `concat(${a}, ${b})`),
      tie('expression').map(
        (e) => `sum(${e}) OVER (PARTITION BY a ORDER BY b DESC ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)`,
      ),
      tie('expression').map((e) => `a BETWEEN 1 AND (${e})`),
    ),
  }))

  it('takes every expression of the grammar', () => {
    fc.assert(
      fc.property(
        expression,
        (text) => void expect(parseStatement(`SELECT ${text} AS x FROM t`, ORIGIN).kind).toBe('query'),
      ),
    )
  })

  it('does not depend on white space, comments and the case of keywords', () => {
    fc.assert(
      fc.property(expression, fc.constantFrom('\n', '  ', ' -- c;\n', ' /* d */ ', '\r\n\t'), (text, space) => {
        const sql = `SELECT ${text} AS x FROM t WHERE ${text} GROUP BY a ORDER BY b LIMIT 5`
        const other = sql
          .split(/('[^']*'|`[^`]*`)/)
          .map((part, i) => (i % 2 ? part : part.replaceAll(' ', space).replace(/[a-z]+/gi, (w) => w.toLowerCase())))
        expect(withoutPlace(parseStatement(other.join(''), ORIGIN))).toEqual(withoutPlace(parseStatement(sql, ORIGIN)))
      }),
    )
  })

  it('binds operators as Hive does', () => {
    const same: [string, string][] = [
      ['1 + 2 * 3', '1 + (2 * 3)'],
      ['1 - 2 - 3', '(1 - 2) - 3'],
      ['NOT a = b AND c', '(NOT (a = b)) AND c'],
      ['a OR b AND c', 'a OR (b AND c)'],
      ['- a ^ b', '(- a) ^ b'],
      ['a || b + c', 'a || (b + c)'],
      ['a & b | c', '(a & b) | c'],
      ['a = b IS NULL', '(a = b) IS NULL'],
      ['a BETWEEN 1 AND 2 AND b', '(a BETWEEN 1 AND 2) AND b'],
      ['a + 1 IN (1) OR b', '((a + 1) IN (1)) OR b'],
    ]
    for (const [bare, explicit] of same) {
      expect(withoutPlace(outcome(`SELECT ${bare} AS x`))).toEqual(withoutPlace(outcome(`SELECT ${explicit} AS x`)))
    }
  })

  const words =
    "SELECT FROM WHERE INSERT OVERWRITE TABLE PARTITION CREATE EXTERNAL t a b ( ) , . = 1 'x' AS JOIN ON GROUP BY ORDER LIMIT LATERAL VIEW explode UNION ALL WITH CASE WHEN THEN END NULL STORED PARQUET LOCATION [ ] * ROW FORMAT DELIMITED DROP ALTER MSCK REPAIR OVER ;".split(
      ' ',
    )
  it('answers any row of words with a tree or a Hive error', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 25 }), (row) => void outcome(row.join(' '))),
      { numRuns: 500 },
    )
  })
})
