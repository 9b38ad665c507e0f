/** Tokens and parameters under arbitrary texts. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { splitStatements, tokenize } from '../../../local/engines/warehouse/index.ts'
import { makeWarehouse, type TestWarehouse } from './warehouse.ts'

let test: TestWarehouse
beforeAll(async () => {
  test = await makeWarehouse()
})
afterAll(() => test.close())

const piece = fc.constantFrom(
  'select',
  'Ünïcode',
  '#temp',
  '"a ""b"""',
  "'it''s'",
  "'a\\'b'",
  '$$ ; $$',
  '1.5e3',
  '.5',
  '::',
  '<=',
  '(',
  ')',
  ',',
  ';',
  ':name',
  '\n',
  ' ',
)

describe('tokenize', () => {
  it('loses nothing of a statement without comments', () => {
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join(' ')
        const tokens = tokenize(sql)
        const end = tokens.at(-1)?.end ?? 0

        expect(tokens.map((token) => token.lead + token.text).join('')).toBe(sql.slice(0, end))
        for (const token of tokens) expect(sql.slice(token.start, token.end)).toBe(token.text)
      }),
    )
  })

  it('keeps the lines of comments, so that errors name the right one', () => {
    const [first] = tokenize('-- one\n/* two\n three */\nSELECT')

    expect(first?.lead.split('\n')).toHaveLength(4)
    expect(first?.start).toBe('-- one\n/* two\n three */\n'.length)
  })

  it('ends or throws a syntax error on any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          tokenize(text)
        } catch (error) {
          expect((error as Error).name).toBe('WarehouseSyntaxError')
        }
      }),
    )
  })
})

describe('splitStatements', () => {
  it('splits at semicolons that are none of a text, a name or a comment', () => {
    const sql = 'SELECT \';\' AS "a;b" -- one;\n; /* two; */ SELECT $$;$$;;'

    expect(splitStatements(sql)).toEqual(['SELECT \';\' AS "a;b"', 'SELECT $$;$$'])
  })
})

describe('parameters', () => {
  it('are texts whatever stands in them', async () => {
    const session = await test.warehouse.session()
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => !value.includes('\0'))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(text, fc.constantFrom("'; DROP TABLE t; --", '\\', "\\'", '$$', '/*', ':value')),
        async (value) => {
          const result = await session.execute('SELECT :value AS value, 1', { parameters: new Map([['value', value]]) })

          expect(result.rows).toEqual([[value, 1]])
        },
      ),
      { numRuns: 60 },
    )
    await session.close()
  })
})
