/** Arithmetic and comparison, with Hive's conversions and result types. */
import { HiveSemanticError, type Place } from '../errors.ts'
import {
  asDecimal,
  BIGINT,
  BOOLEAN,
  boundedDecimal,
  comparisonType,
  DATE,
  DOUBLE,
  type HiveType,
  isInteger,
  isNumber,
  isText,
  STRING,
  TIMESTAMP,
  typeName,
  widerNumber,
} from '../types.ts'
import { convert } from './casts.ts'
import type { Typed } from './typed.ts'

export const COMPARISONS: Readonly<Record<string, string>> = {
  '=': '=',
  '<>': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '<=>': 'IS NOT DISTINCT FROM',
}

/** Both values in the type that Hive compares them in. @throws HiveSemanticError when it compares no such types */
export function comparable(values: readonly Typed[], at: Place): Typed[] {
  const type = values.reduce<HiveType>(
    (common, value) => {
      const next = comparisonType(common, value.type)
      if (!next) throw new HiveSemanticError(`Cannot compare ${typeName(common)} with ${typeName(value.type)}`, at)
      return next
    },
    { kind: 'void' },
  )
  // DuckDB compares numbers of different types exactly; only text and dates need help.
  return values.map((value) => (isNumber(value.type) && isNumber(type) ? value : convert(value, type, at)))
}

export function compare(operator: string, left: Typed, right: Typed, at: Place): Typed {
  const [a, b] = comparable([left, right], at)
  return { sql: `(${a!.sql} ${COMPARISONS[operator]} ${b!.sql})`, type: BOOLEAN }
}

export function arithmetic(operator: string, left: Typed, right: Typed, at: Place): Typed {
  if (left.type.kind === 'interval' || right.type.kind === 'interval') return dateArithmetic(operator, left, right, at)
  if (operator === '-' && left.type.kind === 'date' && right.type.kind === 'date') {
    return { sql: `to_days(CAST(${left.sql} - ${right.sql} AS INTEGER))`, type: { kind: 'interval' } }
  }
  const [a, b] = [number(left, at), number(right, at)]
  switch (operator) {
    case '/':
      return quotient(a, b)
    case 'DIV':
      return {
        sql: `CASE WHEN ${b.sql} = 0 THEN CAST(error('/ by zero') AS BIGINT) ELSE CAST(${
          isInteger(a.type) && isInteger(b.type) ? `${a.sql} // ${b.sql}` : `trunc(${a.sql} / ${b.sql})`
        } AS BIGINT) END`,
        type: BIGINT,
      }
    case '&':
    case '|':
    case '^':
      if (!isInteger(a.type) || !isInteger(b.type)) throw new HiveSemanticError(`${operator} needs integers`, at)
      return {
        sql: operator === '^' ? `xor(${a.sql}, ${b.sql})` : `(${a.sql} ${operator} ${b.sql})`,
        type: widerNumber(a.type, b.type),
      }
  }
  if (a.type.kind === 'decimal' || b.type.kind === 'decimal') {
    const type = decimalResult(operator, a.type, b.type)
    if (type) {
      const sql = `CAST(${a.sql} ${operator} ${b.sql} AS DECIMAL(${type.precision},${type.scale}))`
      // Only a result that was cut to 38 digits can be too small for its value.
      return { sql: type.precision < 38 ? sql : `TRY(${sql})`, type }
    }
  }
  return { sql: `(${a.sql} ${operator} ${b.sql})`, type: widerNumber(a.type, b.type) }
}

/** A value to calculate with; text counts as a double. */
function number(value: Typed, at: Place): Typed {
  if (isNumber(value.type)) return value
  if (isText(value.type) || value.type.kind === 'void') return convert(value, DOUBLE, at)
  throw new HiveSemanticError(`Cannot calculate with ${typeName(value.type)}`, at)
}

/** Two integers make a double; decimals keep at least six digits after the point (GenericUDFOPDivide). */
function quotient(a: Typed, b: Typed): Typed {
  if (a.type.kind !== 'decimal' && b.type.kind !== 'decimal')
    return { sql: `(CAST(${a.sql} AS DOUBLE) / CAST(${b.sql} AS DOUBLE))`, type: DOUBLE }
  if ([a, b].some((v) => v.type.kind === 'float' || v.type.kind === 'double'))
    return { sql: `(CAST(${a.sql} AS DOUBLE) / ${b.sql})`, type: DOUBLE }
  const [x, y] = [asDecimal(a.type), asDecimal(b.type)]
  let whole = Math.min(38, x.precision - x.scale + y.scale)
  let scale = Math.min(38, Math.max(6, x.scale + y.precision + 1))
  const over = whole + scale - 38
  if (over > 0) {
    scale -= Math.floor(over / 2) + 1
    whole = 38 - scale
  }
  return {
    sql: `TRY_CAST(CAST(${a.sql} AS DOUBLE) / CAST(${b.sql} AS DOUBLE) AS DECIMAL(${whole + scale},${scale}))`,
    type: { kind: 'decimal', precision: whole + scale, scale },
  }
}

function decimalResult(operator: string, a: HiveType, b: HiveType): Extract<HiveType, { kind: 'decimal' }> | undefined {
  if ([a, b].some((t) => t.kind === 'float' || t.kind === 'double')) return undefined
  const [x, y] = [asDecimal(a), asDecimal(b)]
  const whole = [x.precision - x.scale, y.precision - y.scale] as const
  const scale = Math.max(x.scale, y.scale)
  const type =
    operator === '*'
      ? boundedDecimal(x.precision + y.precision + 1, x.scale + y.scale)
      : operator === '%'
        ? boundedDecimal(Math.min(...whole) + scale, scale)
        : boundedDecimal(Math.max(...whole) + scale + 1, scale)
  return type.kind === 'decimal' ? type : undefined
}

function dateArithmetic(operator: string, left: Typed, right: Typed, at: Place): Typed {
  if (operator !== '+' && operator !== '-') throw new HiveSemanticError(`An interval cannot be part of ${operator}`, at)
  if (left.type.kind === 'interval' && right.type.kind === 'interval')
    return { sql: `(${left.sql} ${operator} ${right.sql})`, type: left.type }
  const [date, interval] = left.type.kind === 'interval' ? [right, left] : [left, right]
  if (date === right && operator === '-') throw new HiveSemanticError('Cannot take a date from an interval', at)
  const value = isText(date.type) ? convert(date, TIMESTAMP, at) : date
  if (value.type.kind !== 'date' && value.type.kind !== 'timestamp')
    throw new HiveSemanticError(`Cannot move ${typeName(date.type)} by an interval`, at)
  // Months and years move a date to a date; days and hours make it a timestamp.
  const type = value.type.kind === 'date' && interval.literal === 'months' ? DATE : TIMESTAMP
  return { sql: `CAST(${value.sql} ${operator} ${interval.sql} AS ${type === DATE ? 'DATE' : 'TIMESTAMP'})`, type }
}

/** `a || b`: texts in a row. */
export const concatenate = (left: Typed, right: Typed, at: Place): Typed => ({
  sql: `(${convert(left, STRING, at).sql} || ${convert(right, STRING, at).sql})`,
  type: STRING,
})
