/**
 * =, <>, <, <=, >, >=. Numbers of different types compare in their common type, text by its UTF-8 bytes (BinaryStringData.compareTo), FALSE
 * before TRUE. Text with a number: Flink refuses = and <>, and casts the text for the others.
 */
import {
  BOOLEAN,
  commonType,
  isNumeric,
  isText,
  isTimestamp,
  type LogicalType,
  TIMESTAMP,
  typeText,
  type Value,
} from '../types.ts'
import { convert, strict } from './expression.ts'
import type { Compiled, Scope } from './scope.ts'

type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='
type NotNull = NonNullable<Value>

const tests: Record<Comparison, (a: NotNull, b: NotNull) => boolean> = {
  '=': (a, b) => a === b,
  '<>': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
}

const byBytes: Record<Comparison, (a: NotNull, b: NotNull) => boolean> = {
  '=': tests['='],
  '<>': tests['<>'],
  '<': (a, b) => compareText(a as string, b as string) < 0,
  '<=': (a, b) => compareText(a as string, b as string) <= 0,
  '>': (a, b) => compareText(a as string, b as string) > 0,
  '>=': (a, b) => compareText(a as string, b as string) >= 0,
}

/** UTF-8 order is code point order; UTF-16 order differs where a surrogate meets U+E000 to U+FFFF. */
export function compareText(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  for (let i = 0; i < end; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

const SURROGATES = 0xd800
const BEHIND_SURROGATES = 0xe000

function codePointRank(unit: number): number {
  if (unit < SURROGATES) return unit
  return unit < BEHIND_SURROGATES ? unit + 0x10000 : unit
}

export function compare(operator: Comparison, left: Compiled, right: Compiled, scope: Scope, at: number): Compiled {
  const type = comparable(operator, left.type, right.type, scope, at)
  const a = isText(type) ? left : convert(left, type, scope, at)
  const b = isText(type) ? right : convert(right, type, scope, at)
  return { type: BOOLEAN, evaluate: strict(a, b, (isText(type) ? byBytes : tests)[operator]) }
}

/** The test alone, for IN, CASE, NULLIF and IS DISTINCT FROM. */
export function equal(left: Compiled, right: Compiled, scope: Scope, at: number) {
  return compare('=', left, right, scope, at).evaluate
}

function comparable(operator: Comparison, a: LogicalType, b: LogicalType, scope: Scope, at: number): LogicalType {
  const type = commonType(a, b)
  if (type) return type.name === 'NULL' ? BOOLEAN : type
  const other = isText(a) ? b : a
  const isMixed = (isText(a) || isText(b)) && (isNumeric(other) || isTimestamp(other) || other.name === 'BOOLEAN')
  if (!isMixed) return scope.invalid(`${typeText(a)} cannot be compared with ${typeText(b)}.`, at)
  if (isNumeric(other) && (operator === '=' || operator === '<>'))
    return scope.invalid(`${typeText(a)} and ${typeText(b)} have no common type: CAST one side.`, at)
  if (isNumeric(other) || other.name === 'BOOLEAN')
    return scope.unsupported(`Comparing ${typeText(a)} with ${typeText(b)} without a CAST`, at)
  return isTimestamp(other) ? other : TIMESTAMP
}
