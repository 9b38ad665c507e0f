/**
 * + - * / % over numbers, and over timestamps and intervals. Integers wrap like Java's and divide towards zero; division by zero fails the
 * job for integers and decimals and gives Infinity or NaN for doubles; a DECIMAL that does not fit is NULL.
 */
import { FlinkSqlRuntimeError } from '../errors.ts'
import {
  arithmeticType,
  asDecimal,
  BIGINT,
  INTERVAL,
  isDecimal,
  isInteger,
  isNumeric,
  isTimestamp,
  type LogicalType,
  typeText,
  type Value,
} from '../types.ts'
import { divideHalfUp, power10, rescale, within } from '../values/decimal.ts'
import { WRAP, wrapBigint } from '../values/numbers.ts'
import { convert, strict } from './expression.ts'
import type { Compiled, Evaluate, Scope } from './scope.ts'

type Operator = '+' | '-' | '*' | '/' | '%'

export function arithmetic(operator: Operator, left: Compiled, right: Compiled, scope: Scope, at: number): Compiled {
  const moment = timeArithmetic(operator, left, right)
  if (moment) return moment
  for (const { type } of [left, right])
    if (!isNumeric(type) && type.name !== 'NULL')
      scope.invalid(
        `Cannot apply '${operator}' to ${typeText(left.type)} and ${typeText(right.type)}: CAST text to a number first.`,
        at,
      )
  if (left.type.name === 'NULL' || right.type.name === 'NULL')
    return { type: left.type.name === 'NULL' ? right.type : left.type, evaluate: () => null }
  const type = arithmeticType(operator, left.type, right.type)
  if (isDecimal(type)) return { type, evaluate: exact(operator, left, right, type) }
  // An integer modulo is computed in the wider type and given in the divisor's.
  const wide = operator === '%' && isInteger(type) ? arithmeticType('+', left.type, right.type) : type
  const [a, b] = [convert(left, wide, scope, at), convert(right, wide, scope, at)]
  const result = { type: wide, evaluate: strict(a, b, compute(operator, wide)) }
  return convert(result, type, scope, at)
}

function timeArithmetic(operator: Operator, left: Compiled, right: Compiled): Compiled | undefined {
  const [a, b] = [left.type, right.type]
  const plus = strict(left, right, (x, y) => (x as number) + (y as number))
  const minus = strict(left, right, (x, y) => (x as number) - (y as number))
  if (operator === '+' && isTimestamp(a) && b.name === 'INTERVAL') return { type: a, evaluate: plus }
  if (operator === '+' && a.name === 'INTERVAL' && isTimestamp(b)) return { type: b, evaluate: plus }
  if (operator === '-' && isTimestamp(a) && b.name === 'INTERVAL') return { type: a, evaluate: minus }
  if (a.name === 'INTERVAL' && b.name === 'INTERVAL' && (operator === '+' || operator === '-'))
    return { type: INTERVAL, evaluate: operator === '+' ? plus : minus }
  return undefined
}

type Compute = (a: NonNullable<Value>, b: NonNullable<Value>) => Value

function compute(operator: Operator, type: LogicalType): Compute {
  if (type.name === 'BIGINT') return bigints(operator) as Compute
  const number = numbers(operator, isInteger(type)) as (a: number, b: number) => number
  const narrow = type.name === 'FLOAT' ? Math.fround : WRAP[type.name]
  return (narrow ? (a: number, b: number) => narrow(number(a, b)) : number) as Compute
}

function byZero(): never {
  throw new FlinkSqlRuntimeError('/ by zero: the job fails here, as on Flink. NULLIF(divisor, 0) gives NULL instead.')
}

function bigints(operator: Operator): (a: bigint, b: bigint) => bigint {
  switch (operator) {
    case '+':
      return (a, b) => wrapBigint(a + b)
    case '-':
      return (a, b) => wrapBigint(a - b)
    case '*':
      return (a, b) => wrapBigint(a * b)
    case '/':
      return (a, b) => (b === 0n ? byZero() : wrapBigint(a / b))
    case '%':
      return (a, b) => (b === 0n ? byZero() : a % b)
  }
}

function numbers(operator: Operator, isWhole: boolean): (a: number, b: number) => number {
  switch (operator) {
    case '+':
      return (a, b) => a + b
    case '-':
      return (a, b) => a - b
    case '*':
      return isWhole ? Math.imul : (a, b) => a * b
    case '/':
      return isWhole ? (a, b) => (b === 0 ? byZero() : Math.trunc(a / b)) : (a, b) => a / b
    case '%':
      return isWhole ? (a, b) => (b === 0 ? byZero() : (a % b) + 0) : (a, b) => a % b
  }
}

function exact(operator: Operator, left: Compiled, right: Compiled, type: LogicalType & { name: 'DECIMAL' }): Evaluate {
  const [x, y] = [asDecimal(left.type), asDecimal(right.type)]
  const { precision, scale } = type
  const common = Math.max(x.scale, y.scale)
  const [up, down] = [power10(common - x.scale), power10(common - y.scale)]
  const result = (value: bigint, from: number) =>
    within(from === scale ? value : rescale(value, from, scale), precision)
  const sides = (run: (a: bigint, b: bigint) => bigint | null) =>
    strict(left, right, (a, b) => run(BigInt(a as number | bigint), BigInt(b as number | bigint)))
  switch (operator) {
    case '+':
      return sides((a, b) => result(a * up + b * down, common))
    case '-':
      return sides((a, b) => result(a * up - b * down, common))
    case '*':
      return sides((a, b) => result(a * b, x.scale + y.scale))
    case '%':
      return sides((a, b) => (b === 0n ? byZero() : result((a * up) % (b * down), common)))
    case '/': {
      // a / 10^xs over b / 10^ys, in units of 10^-scale.
      const shift = scale + y.scale - x.scale
      const [numerator, denominator] = shift >= 0 ? [power10(shift), 1n] : [1n, power10(-shift)]
      return sides((a, b) => (b === 0n ? byZero() : within(divideHalfUp(a * numerator, b * denominator), precision)))
    }
  }
}

/** -x and +x; the most negative integer stays as it is. */
export function negate(operand: Compiled, sign: '-' | '+', scope: Scope, at: number): Compiled {
  const { type, evaluate } = operand
  if (!isNumeric(type) && type.name !== 'INTERVAL' && type.name !== 'NULL')
    scope.invalid(`Cannot apply '${sign}' to ${typeText(type)}.`, at)
  if (sign === '+') return operand
  const wrap = type.name === BIGINT.name ? wrapBigint : undefined
  const narrow = WRAP[type.name]
  return {
    type,
    evaluate(row) {
      const value = evaluate(row)
      if (value === null) return null
      if (typeof value === 'bigint') return wrap ? wrap(-value) : -value
      return narrow ? narrow(-(value as number)) : -(value as number)
    },
  }
}
