/**
 * Expressions. Precedence as in Calcite's parser, loosest first: OR, AND, NOT, IS …, comparisons with BETWEEN, IN and LIKE, + - ||, * / %,
 * signs (https://calcite.apache.org/docs/reference.html#operator-precedence).
 */
import type { AggregateName, BinaryOperator, Expression, JsonShape } from '../ast.ts'
import type { Offset } from '../errors.ts'
import { BIGINT, BOOLEAN, DOUBLE, decimal, INT, INTERVAL, NULL, TIMESTAMP } from '../types.ts'
import { parseTimestamp } from '../values/timestamp.ts'
import type { Cursor } from './cursor.ts'
import { parseFunction } from './functions.ts'
import { parseType } from './types.ts'

export const AGGREGATES: readonly AggregateName[] = ['COUNT', 'SUM', 'AVG', 'MIN', 'MAX']

/** Deeper nesting than any person writes would end in a stack overflow instead of a message. */
const MAX_DEPTH = 200
/** So is it with operators in a row, each of which has the one before as its operand. */
const MAX_CHAIN = 1000
const depths = new WeakMap<Cursor, number>()

export function parseExpression(cursor: Cursor): Expression {
  const depth = (depths.get(cursor) ?? 0) + 1
  if (depth > MAX_DEPTH) cursor.fail(`The expression is nested more than ${MAX_DEPTH} levels deep.`)
  depths.set(cursor, depth)
  const expression = parseOr(cursor)
  depths.set(cursor, depth - 1)
  return expression
}

function checkChain(cursor: Cursor, count: number, at: Offset): void {
  if (count > MAX_CHAIN) cursor.unsupported(`An expression with more than ${MAX_CHAIN} operators in a row`, at)
}

function parseOr(cursor: Cursor): Expression {
  return leftToRight(cursor, ['OR'], parseAnd)
}

function parseAnd(cursor: Cursor): Expression {
  return leftToRight(cursor, ['AND'], parseNot)
}

function parseNot(cursor: Cursor): Expression {
  const { at } = cursor.token
  let negations = 0
  while (cursor.take('NOT')) checkChain(cursor, ++negations, at)
  let expression = parseIs(cursor)
  for (; negations > 0; negations--) expression = { kind: 'unary', operator: 'NOT', operand: expression, at }
  return expression
}

function parseIs(cursor: Cursor): Expression {
  let expression = parseComparison(cursor)
  for (let count = 1; cursor.is('IS'); count++) {
    const { at } = cursor.advance()
    checkChain(cursor, count, at)
    expression = parseTest(cursor, expression, cursor.take('NOT'), at)
  }
  return expression
}

function parseTest(cursor: Cursor, operand: Expression, negated: boolean, at: Offset): Expression {
  const test = cursor.takeOne('NULL', 'TRUE', 'FALSE', 'UNKNOWN')
  if (test) return { kind: 'is', test, negated, operand, at }
  if (cursor.take('JSON')) {
    const shape: JsonShape = cursor.takeOne('VALUE', 'OBJECT', 'ARRAY', 'SCALAR') ?? 'VALUE'
    return { kind: 'is-json', shape, negated, operand, at }
  }
  if (cursor.take('DISTINCT', 'FROM'))
    return { kind: 'distinct', negated, left: operand, right: parseComparison(cursor), at }
  if (cursor.is('A') || cursor.is('OF') || cursor.is('MEMBER')) cursor.unsupported(`IS ${cursor.token.upper}`)
  return cursor.fail(
    `Expected NULL, TRUE, FALSE, UNKNOWN, JSON or DISTINCT FROM after IS, found "${cursor.token.text}".`,
  )
}

const COMPARISONS: BinaryOperator[] = ['=', '<>', '<=', '>=', '<', '>']

function parseComparison(cursor: Cursor): Expression {
  let left = parseSum(cursor)
  for (let count = 1; ; count++) {
    const { at, upper } = cursor.token
    checkChain(cursor, count, at)
    if (cursor.is('!=')) cursor.fail('Flink SQL has no !=: write <>.')
    const operator = cursor.takeOne(...COMPARISONS)
    if (operator) {
      if (cursor.is('ANY') || cursor.is('ALL') || cursor.is('SOME'))
        cursor.unsupported(`${upper} ${cursor.token.upper}`)
      left = { kind: 'binary', operator, left, right: parseSum(cursor), at }
      continue
    }
    const negated = cursor.is('NOT') && ['LIKE', 'IN', 'BETWEEN', 'SIMILAR'].includes(cursor.ahead(1).upper)
    if (negated) cursor.advance()
    if (cursor.take('LIKE')) left = parseLike(cursor, left, negated, at)
    else if (cursor.take('IN')) left = parseIn(cursor, left, negated, at)
    else if (cursor.take('BETWEEN')) left = parseBetween(cursor, left, negated, at)
    else if (cursor.is('SIMILAR')) cursor.unsupported('SIMILAR TO')
    else return left
  }
}

function parseLike(cursor: Cursor, value: Expression, negated: boolean, at: Offset): Expression {
  const pattern = parseSum(cursor)
  if (!cursor.take('ESCAPE')) return { kind: 'like', value, pattern, negated, at }
  const character = cursor.string('the escape character')
  if (character.length !== 1) cursor.fail('ESCAPE takes one character.', at)
  return { kind: 'like', value, pattern, escape: character, negated, at }
}

function parseIn(cursor: Cursor, value: Expression, negated: boolean, at: Offset): Expression {
  cursor.need('(')
  if (cursor.is('SELECT')) cursor.unsupported('A sub-query')
  const list = [parseExpression(cursor)]
  while (cursor.take(',')) list.push(parseExpression(cursor))
  cursor.need(')')
  return { kind: 'in', value, list, negated, at }
}

function parseBetween(cursor: Cursor, value: Expression, negated: boolean, at: Offset): Expression {
  if (cursor.is('SYMMETRIC')) cursor.unsupported('BETWEEN SYMMETRIC')
  cursor.take('ASYMMETRIC')
  const low = parseSum(cursor)
  cursor.need('AND')
  return { kind: 'between', value, low, high: parseSum(cursor), negated, at }
}

function parseSum(cursor: Cursor): Expression {
  return leftToRight(cursor, ['+', '-', '||'], parseProduct)
}

function parseProduct(cursor: Cursor): Expression {
  return leftToRight(cursor, ['*', '/', '%'], parseSigned)
}

function leftToRight(cursor: Cursor, operators: BinaryOperator[], operand: (cursor: Cursor) => Expression): Expression {
  let left = operand(cursor)
  for (let count = 1; ; count++) {
    const { at } = cursor.token
    const operator = cursor.takeOne(...operators)
    if (!operator) return left
    checkChain(cursor, count, at)
    left = { kind: 'binary', operator, left, right: operand(cursor), at }
  }
}

function parseSigned(cursor: Cursor): Expression {
  const { at } = cursor.token
  const signs: ('-' | '+')[] = []
  for (let sign = cursor.takeOne('-', '+'); sign; sign = cursor.takeOne('-', '+'))
    checkChain(cursor, signs.push(sign), at)
  let expression = parsePrimary(cursor, signs.at(-1) === '-')
  if (signs.length > 0 && expression.kind === 'literal' && expression.at < 0) {
    expression = { ...expression, at }
    signs.pop()
  }
  for (const sign of signs.reverse()) expression = { kind: 'unary', operator: sign, operand: expression, at }
  return expression
}

function parsePrimary(cursor: Cursor, negative = false): Expression {
  const { at, kind, text, upper } = cursor.token
  if (kind === 'number') return numberLiteral(cursor, negative)
  if (kind === 'string') {
    cursor.advance()
    return { kind: 'literal', value: text, type: { name: 'CHAR', length: [...text].length }, at }
  }
  if (cursor.take('(')) return parseBracketed(cursor)
  if (cursor.take('TRUE')) return { kind: 'literal', value: true, type: BOOLEAN, at }
  if (cursor.take('FALSE')) return { kind: 'literal', value: false, type: BOOLEAN, at }
  if (cursor.take('NULL')) return { kind: 'literal', value: null, type: NULL, at }
  if (cursor.is('INTERVAL')) return { kind: 'literal', value: parseInterval(cursor), type: INTERVAL, at }
  if (upper === 'TIMESTAMP' && cursor.ahead(1).kind === 'string') return timestampLiteral(cursor)
  if (cursor.take('CASE')) return parseCase(cursor, at)
  if (cursor.is('CAST', '(') || cursor.is('TRY_CAST', '(')) return parseCast(cursor)
  if (cursor.is('EXISTS') || cursor.is('SELECT')) cursor.unsupported('A sub-query')
  const isCall = kind === 'word' && cursor.ahead(1).upper === '(' && cursor.ahead(1).kind === 'symbol'
  if (isCall || isBareFunction(upper, kind)) return parseFunction(cursor)
  if ((upper === 'DATE' || upper === 'TIME') && cursor.ahead(1).kind === 'string')
    cursor.unsupported(`A ${upper} literal`)
  if (cursor.atName()) return parseColumn(cursor)
  if (upper === 'ROW' || upper === 'UNNEST' || upper === 'VALUES') cursor.unsupported(upper)
  return cursor.unexpected()
}

const BARE_FUNCTIONS = [
  'CURRENT_TIMESTAMP',
  'LOCALTIMESTAMP',
  'CURRENT_DATE',
  'CURRENT_TIME',
  'LOCALTIME',
  'CURRENT_ROW_TIMESTAMP',
]
const isBareFunction = (upper: string, kind: string) => kind === 'word' && BARE_FUNCTIONS.includes(upper)

function parseBracketed(cursor: Cursor): Expression {
  if (cursor.is('SELECT') || cursor.is('WITH')) cursor.unsupported('A sub-query')
  const expression = parseExpression(cursor)
  if (cursor.is(',')) cursor.unsupported('A row value')
  cursor.need(')')
  return expression
}

const MAX_BIGINT = 9_223_372_036_854_775_807n
const MAX_INT = 2_147_483_647n

/**
 * Literals with an exponent are DOUBLE, with a point DECIMAL, others INT or BIGINT. A minus sign belongs to the literal, so that
 * -2147483648 is an INT; `at` is -1 then, until the sign is taken off.
 */
function numberLiteral(cursor: Cursor, negative: boolean): Expression {
  const { text, at } = cursor.advance()
  const place = negative ? -1 : at
  if (/e/i.test(text))
    return { kind: 'literal', value: negative ? -Number(text) : Number(text), type: DOUBLE, at: place }
  const [whole = '', fraction = ''] = text.split('.')
  const digits = BigInt(whole + fraction || '0')
  const value = negative ? -digits : digits
  if (fraction === '') {
    const limit = (max: bigint) => digits <= (negative ? max + 1n : max)
    if (limit(MAX_INT)) return { kind: 'literal', value: Number(value), type: INT, at: place }
    if (limit(MAX_BIGINT)) return { kind: 'literal', value, type: BIGINT, at: place }
    return cursor.fail(`The number ${text} is too large: BIGINT ends at ${MAX_BIGINT}.`, at)
  }
  const precision = Math.max(digits.toString().length, fraction.length, 1)
  if (precision > 38) cursor.fail(`The number ${text} has more than the 38 digits of a DECIMAL.`, at)
  return { kind: 'literal', value, type: decimal(precision, fraction.length), at: place }
}

function timestampLiteral(cursor: Cursor): Expression {
  const { at } = cursor.advance()
  const text = cursor.string()
  const value = parseTimestamp(text)
  if (value === null || !text.includes(':'))
    cursor.fail(`'${text}' is no timestamp: write TIMESTAMP 'yyyy-MM-dd HH:mm:ss'.`, at)
  return { kind: 'literal', value, type: TIMESTAMP, at }
}

const UNIT_MS: Record<string, number> = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 }

/** INTERVAL '5' SECOND in milliseconds. */
export function parseInterval(cursor: Cursor): number {
  cursor.need('INTERVAL')
  const negative = cursor.take('-')
  const { at } = cursor.token
  const text = cursor.string('the interval')
  const unit = cursor.token.upper.replace(/S$/, '')
  const ms = UNIT_MS[unit]
  if (ms === undefined) {
    if (['YEAR', 'MONTH', 'QUARTER', 'WEEK'].includes(unit)) cursor.unsupported(`An interval in ${unit}S`)
    cursor.fail(`Expected SECOND, MINUTE, HOUR or DAY, found "${cursor.token.text}".`)
  }
  cursor.advance()
  const digits = intervalDigits(cursor)
  if (cursor.is('TO') || cursor.is('('))
    cursor.unsupported('An interval of several units, or with a precision of fractions,')
  const [, whole] = /^-?(\d+)(?:\.\d{1,3})?$/.exec(text) ?? []
  if (whole === undefined || (unit !== 'SECOND' && text.includes('.')))
    cursor.fail(`'${text}' is no interval in ${unit}S.`, at)
  // SqlIntervalQualifier.checkLeadFieldInRange of Calcite.
  if (whole.length > digits)
    cursor.fail(
      `Interval field value ${whole} exceeds precision of ${unit}(${digits}) field: write INTERVAL '${text}' ${unit}(${whole.length}).`,
      at,
    )
  return Math.round(Number(text) * ms) * (negative ? -1 : 1)
}

/** SqlTypeName.DEFAULT_INTERVAL_START_PRECISION and MAX_INTERVAL_START_PRECISION of Calcite. */
const DEFAULT_INTERVAL_DIGITS = 2
const MAX_INTERVAL_DIGITS = 10

/** How many digits an interval may have: two, unless `DAY(3)` says otherwise. */
function intervalDigits(cursor: Cursor): number {
  if (!cursor.is('(') || cursor.ahead(2).upper !== ')') return DEFAULT_INTERVAL_DIGITS
  cursor.need('(')
  const { at } = cursor.token
  const digits = cursor.wholeNumber()
  if (digits < 1 || digits > MAX_INTERVAL_DIGITS) cursor.fail(`An interval has 1 to ${MAX_INTERVAL_DIGITS} digits.`, at)
  cursor.need(')')
  return digits
}

function parseCase(cursor: Cursor, at: Offset): Expression {
  const subject = cursor.is('WHEN') ? undefined : parseExpression(cursor)
  const branches: { when: Expression; value: Expression }[] = []
  while (cursor.is('WHEN')) {
    const { at: place } = cursor.advance()
    const condition = parseExpression(cursor)
    if (subject && cursor.is(',')) cursor.unsupported('A WHEN with several values')
    cursor.need('THEN')
    const when: Expression = subject
      ? { kind: 'binary', operator: '=', left: subject, right: condition, at: place }
      : condition
    branches.push({ when, value: parseExpression(cursor) })
  }
  if (branches.length === 0) cursor.need('WHEN')
  const otherwise = cursor.take('ELSE') ? { otherwise: parseExpression(cursor) } : {}
  cursor.need('END')
  return { kind: 'case', branches, ...otherwise, at }
}

function parseCast(cursor: Cursor): Expression {
  const { at, upper } = cursor.advance()
  cursor.need('(')
  const operand = parseExpression(cursor)
  cursor.need('AS')
  const type = parseType(cursor)
  cursor.need(')')
  return { kind: 'cast', operand, type, lenient: upper === 'TRY_CAST', at }
}

function parseColumn(cursor: Cursor): Expression {
  const { at } = cursor.token
  const first = cursor.name('a column')
  if (!cursor.take('.')) return { kind: 'column', name: first, at }
  const name = cursor.name('a column')
  if (cursor.is('.')) cursor.unsupported('A nested column')
  if (cursor.is('[')) cursor.unsupported('An array element')
  return { kind: 'column', table: first, name, at }
}
