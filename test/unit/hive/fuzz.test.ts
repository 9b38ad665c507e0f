/**
 * Random expressions of a subset of HiveQL mean what a second implementation says: written from Hive's documentation, over JavaScript's values,
 * sharing nothing with the engine. Each expression carries its value with it.
 */
import fc, { type Arbitrary } from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestHive, testHive } from './session.ts'

interface Known<Value> {
  sql: string
  value: Value | null
}
type Int = Known<number>
type Text = Known<string>
type Truth = Known<boolean>

/** NULL in, NULL out. */
const strict =
  <A, B, Result>(compute: (a: A, b: B) => Result | null) =>
  (a: A | null, b: B | null): Result | null =>
    a === null || b === null ? null : compute(a, b)

const integers: Record<string, (a: number, b: number) => number | null> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  DIV: (a, b) => Math.trunc(a / b),
  '%': (a, b) => (b === 0 ? null : a % b),
}
const pmod = (a: number, b: number) => (b === 0 ? null : ((a % b) + b) % b)

const parseInteger = (text: string) => {
  const [, digits] = /^\s*([+-]?\d*)(?:\.\d*)?\s*$/.exec(text) ?? []
  if (digits === undefined || !/[\d.]/.test(text)) return null
  return /\d/.test(digits) ? Number(digits) : 0
}
const parseDouble = (text: string) => (/^\s*[+-]?(\d+\.?\d*|\.\d+)\s*$/.test(text) ? Number(text) : null)

const substr = (text: string, start: number, length: number) => {
  if (length <= 0 || (start < 0 && -start > text.length)) return ''
  const from = start > 0 ? start - 1 : start === 0 ? 0 : text.length + start
  return text.slice(from, from + length)
}
const lpad = (text: string, length: number) =>
  text.length >= length ? text.slice(0, length) : 'z'.repeat(length - text.length) + text
const like = (text: string, pattern: string) =>
  new RegExp(`^${pattern.replaceAll('%', '[^]*').replaceAll('_', '[^]')}$`).test(text)

const order = <Value extends number | string>(operator: string, a: Value, b: Value) =>
  ({ '=': a === b, '<>': a !== b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b })[operator]!
const comparisons = ['=', '<>', '<', '<=', '>', '>=']

const and = (a: boolean | null, b: boolean | null) =>
  a === false || b === false ? false : a === null || b === null ? null : true
const not = (a: boolean | null) => (a === null ? null : !a)
const among = <Value>(value: Value | null, list: readonly (Value | null)[]) => {
  if (value === null) return null
  return list.includes(value) || (list.includes(null) ? null : false)
}

const wholes = [-6, -2, -1, 0, 1, 2, 5]
const texts = ['', 'a', 'ab', 'Ba', '12', '-3', ' 7 ', '1.9', '.5', '-', '2x', 'x|y', 'é', '  ']
/** The same values as columns, so that not all is a constant while it is compiled. */
const COLUMNS = [
  ...wholes.map((value, i) => `${value} AS i${i}`),
  ...texts.map((value, i) => `'${value}' AS s${i}`),
  'CAST(NULL AS INT) AS ni',
  'CAST(NULL AS STRING) AS ns',
].join(', ')

const leaf = <Value>(values: readonly Value[], write: (value: Value) => string, prefix: string, none: string) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.nat(values.length - 1).map((i) => ({ sql: write(values[i]!), value: values[i]! })) },
    { weight: 4, arbitrary: fc.nat(values.length - 1).map((i) => ({ sql: `${prefix}${i}`, value: values[i]! })) },
    { weight: 1, arbitrary: fc.constant({ sql: none, value: null }) },
  ) as Arbitrary<Known<Value>>

const { int, text, truth } = fc.letrec<{ int: Int; text: Text; truth: Truth }>((tie) => {
  const [i, s, b] = [tie('int'), tie('text'), tie('truth')]
  /** IF, COALESCE and NULLIF are of every type. */
  const choices = <Value>(of: Arbitrary<Known<Value>>): Arbitrary<Known<Value>>[] => [
    fc
      .tuple(b, of, of)
      .map(([c, x, y]) => ({ sql: `if(${c.sql}, ${x.sql}, ${y.sql})`, value: c.value ? x.value : y.value })),
    fc.tuple(of, of).map(([x, y]) => ({ sql: `coalesce(${x.sql}, ${y.sql})`, value: x.value ?? y.value })),
    fc
      .tuple(of, of)
      .map(([x, y]) => ({ sql: `nullif(${x.sql}, ${y.sql})`, value: x.value === y.value ? null : x.value })),
    fc.tuple(b, of, b, of).map(([c, x, d, y]) => ({
      sql: `CASE WHEN ${c.sql} THEN ${x.sql} WHEN ${d.sql} THEN ${y.sql} END`,
      value: c.value ? x.value : d.value ? y.value : null,
    })),
  ]
  return {
    int: fc.oneof(
      { maxDepth: 3 },
      leaf(wholes, (value) => `(${value})`, 'i', 'ni'),
      fc.tuple(i, fc.constantFrom(...Object.keys(integers)), i).map(([x, operator, y]) => {
        // DIV by zero is an error.
        const by = operator === 'DIV' ? { sql: `nullif(${y.sql}, 0)`, value: y.value || null } : y
        return {
          sql: `CAST((${x.sql} ${operator} ${by.sql}) AS INT)`,
          value: strict(integers[operator]!)(x.value, by.value),
        }
      }),
      fc.tuple(i, i).map(([x, y]) => ({ sql: `pmod(${x.sql}, ${y.sql})`, value: strict(pmod)(x.value, y.value) })),
      fc.tuple(i, i).map(([x, y]) => ({
        sql: `greatest(${x.sql}, ${y.sql})`,
        value: strict(Math.max)(x.value, y.value) as number | null,
      })),
      s.map((x) => ({ sql: `length(${x.sql})`, value: x.value?.length ?? null })),
      s.map((x) => ({ sql: `CAST(${x.sql} AS INT)`, value: x.value === null ? null : parseInteger(x.value) })),
      fc.tuple(s, s).map(([x, y]) => ({
        sql: `instr(${x.sql}, ${y.sql})`,
        value: strict((a: string, c: string) => a.indexOf(c) + 1)(x.value, y.value),
      })),
      ...choices(i),
    ) as Arbitrary<Int>,
    text: fc.oneof(
      { maxDepth: 3 },
      leaf(texts, (value) => `'${value}'`, 's', 'ns'),
      fc.tuple(s, s).map(([x, y]) => ({
        sql: `concat(${x.sql}, ${y.sql})`,
        value: strict((a: string, c: string) => a + c)(x.value, y.value),
      })),
      fc.tuple(s, s).map(([x, y]) => ({
        sql: `concat_ws('-', ${x.sql}, ${y.sql})`,
        value: [x.value, y.value].filter((part) => part !== null).join('-'),
      })),
      fc.tuple(s, i, i).map(([x, y, z]) => ({
        sql: `substr(${x.sql}, ${y.sql}, ${z.sql})`,
        value: x.value === null || y.value === null || z.value === null ? null : substr(x.value, y.value, z.value),
      })),
      s.map((x) => ({ sql: `upper(${x.sql})`, value: x.value?.toUpperCase() ?? null })),
      s.map((x) => ({ sql: `trim(${x.sql})`, value: x.value?.replace(/^ +| +$/g, '') ?? null })),
      s.map((x) => ({ sql: `reverse(${x.sql})`, value: x.value === null ? null : [...x.value].reverse().join('') })),
      fc.tuple(s, fc.nat(5)).map(([x, length]) => ({
        sql: `lpad(${x.sql}, ${length}, 'z')`,
        value: x.value === null ? null : lpad(x.value, length),
      })),
      i.map((x) => ({ sql: `CAST(${x.sql} AS STRING)`, value: x.value === null ? null : String(x.value + 0) })),
      ...choices(s),
    ) as Arbitrary<Text>,
    truth: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Truth>({ sql: 'true', value: true }, { sql: 'false', value: false }),
      ...[i, s].map((of) =>
        fc.tuple(of as Arbitrary<Known<any>>, fc.constantFrom(...comparisons), of).map(([x, operator, y]) => ({
          sql: `(${x.sql} ${operator} ${y.sql})`,
          value: strict((a: any, c: any) => order(operator, a, c))(x.value, y.value),
        })),
      ),
      // A number and a text are compared as doubles.
      fc.tuple(i, fc.constantFrom(...comparisons), s).map(([x, operator, y]) => ({
        sql: `(${x.sql} ${operator} ${y.sql})`,
        value: strict((a: number, c: number) => order(operator, a, c))(
          x.value,
          y.value === null ? null : parseDouble(y.value),
        ),
      })),
      fc.tuple(b, b).map(([x, y]) => ({ sql: `(${x.sql} AND ${y.sql})`, value: and(x.value, y.value) })),
      fc.tuple(b, b).map(([x, y]) => ({
        sql: `(${x.sql} OR ${y.sql})`,
        value: not(and(not(x.value), not(y.value))),
      })),
      b.map((x) => ({ sql: `(NOT ${x.sql})`, value: not(x.value) })),
      s.map((x) => ({ sql: `(${x.sql} IS NOT NULL)`, value: x.value !== null })),
      fc.tuple(i, i).map(([x, y]) => ({ sql: `(${x.sql} <=> ${y.sql})`, value: x.value === y.value })),
      fc.tuple(i, i, i).map(([x, y, z]) => ({
        sql: `(${x.sql} IN (${y.sql}, ${z.sql}))`,
        value: among(x.value, [y.value, z.value]),
      })),
      fc.tuple(i, i, i).map(([x, y, z]) => ({
        sql: `(${x.sql} NOT BETWEEN ${y.sql} AND ${z.sql})`,
        value: not(
          and(
            strict((a: number, c: number) => a >= c)(x.value, y.value),
            strict((a: number, c: number) => a <= c)(x.value, z.value),
          ),
        ),
      })),
      fc.tuple(s, fc.constantFrom('%a%', 'a_', '_%', '12%', '')).map(([x, pattern]) => ({
        sql: `(${x.sql} LIKE '${pattern}')`,
        value: x.value === null ? null : like(x.value, pattern),
      })),
    ) as Arbitrary<Truth>,
  }
})

let hive: TestHive
beforeAll(async () => {
  hive = await testHive()
})
afterAll(() => hive.close())

const printed = (value: unknown) => (value === null ? null : Object.is(value, -0) ? '0' : String(value))

it('An expression has the value that its parts give it', async () => {
  const expression = fc.oneof(int, text, truth) as Arbitrary<Known<unknown>>
  await fc.assert(
    fc.asyncProperty(fc.array(expression, { minLength: 1, maxLength: 25 }), async (expressions) => {
      const columns = expressions.map(({ sql }, i) => `${sql} AS c${i}`).join(', ')
      const [row] = await hive.rows(`SELECT ${columns} FROM (SELECT ${COLUMNS}) t;`)
      expect(row).toEqual(expressions.map(({ value }) => printed(value)))
    }),
    { numRuns: process.env.CHAOS_RUNS ? 300 : 15 },
  )
}, 600_000)
