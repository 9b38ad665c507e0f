/**
 * COUNT, SUM, AVG, MIN and MAX. NULLs are left out; of no values SUM, AVG, MIN and MAX are NULL. SUM keeps its argument's type and wraps like
 * it; AVG of integers divides the sum towards zero
 * (flink-table-planner …/functions/aggfunctions/{Sum,Avg}AggFunction.java; LogicalTypeMerging.findSumAggType, findAvgAggType).
 */
import type { AggregateName } from '../ast.ts'
import { compareText } from '../compile/comparison.ts'
import {
  BIGINT,
  decimal,
  isApproximate,
  isDecimal,
  isInteger,
  isText,
  type LogicalType,
  MAX_PRECISION,
  type Value,
} from '../types.ts'
import { divideHalfUp, power10, within } from '../values/decimal.ts'
import { WRAP, wrapBigint } from '../values/numbers.ts'

/** Folds values; what it keeps between them is a JSON value but for bigints. */
export interface Aggregate {
  type: LogicalType
  start(): unknown
  add(kept: any, value: Value): unknown
  result(kept: any): Value
}

/** Undefined where the aggregate does not take the type. */
export function aggregateOf(name: AggregateName, type: LogicalType | undefined): Aggregate | undefined {
  if (name === 'COUNT') return count
  if (!type) return undefined
  switch (name) {
    case 'SUM':
      return sum(type)
    case 'AVG':
      return average(type)
    default:
      return extreme(type, name === 'MIN' ? -1 : 1)
  }
}

const count: Aggregate = {
  type: BIGINT,
  start: () => 0,
  add: (kept: number, value) => (value === null ? kept : kept + 1),
  result: (kept: number) => BigInt(kept),
}

const MIN_AVERAGE_SCALE = 6
type Add = (a: any, b: any) => Value

function adder(type: LogicalType): Add | undefined {
  if (type.name === 'BIGINT') return (a: bigint, b: bigint) => wrapBigint(a + b)
  if (isDecimal(type)) return (a: bigint, b: bigint) => within(a + b, MAX_PRECISION)
  if (type.name === 'DOUBLE') return (a: number, b: number) => a + b
  if (type.name === 'FLOAT') return (a: number, b: number) => Math.fround(a + b)
  const wrap = WRAP[type.name]
  return wrap && ((a: number, b: number) => wrap(a + b))
}

function sum(type: LogicalType): Aggregate | undefined {
  const add = adder(type)
  if (!add) return undefined
  return {
    type: isDecimal(type) ? decimal(MAX_PRECISION, type.scale) : type,
    start: () => null,
    add: (kept: Value, value) => (value === null ? kept : kept === null ? value : add(kept, value)),
    result: (kept: Value) => kept,
  }
}

interface Average {
  sum: bigint | number
  count: number
}

function average(type: LogicalType): Aggregate | undefined {
  if (isApproximate(type))
    return {
      type,
      start: (): Average => ({ sum: 0, count: 0 }),
      add: (kept: Average, value) =>
        value === null ? kept : { sum: (kept.sum as number) + (value as number), count: kept.count + 1 },
      result: ({ sum, count }: Average) => {
        if (count === 0) return null
        return type.name === 'FLOAT' ? Math.fround((sum as number) / count) : (sum as number) / count
      },
    }
  if (!isInteger(type) && !isDecimal(type)) return undefined
  return {
    type: isDecimal(type) ? decimal(MAX_PRECISION, Math.max(MIN_AVERAGE_SCALE, type.scale)) : type,
    start: (): Average => ({ sum: 0n, count: 0 }),
    add: (kept: Average, value) =>
      value === null ? kept : { sum: (kept.sum as bigint) + BigInt(value as number | bigint), count: kept.count + 1 },
    result: ({ sum, count }: Average) => (count === 0 ? null : exactAverage(type, sum as bigint, BigInt(count))),
  }
}

function exactAverage(type: LogicalType, total: bigint, count: bigint): Value {
  if (isDecimal(type)) return divideHalfUp(total * power10(Math.max(MIN_AVERAGE_SCALE, type.scale) - type.scale), count)
  const quotient = wrapBigint(total) / count
  return type.name === 'BIGINT' ? quotient : Number(quotient)
}

function extreme(type: LogicalType, sign: 1 | -1): Aggregate | undefined {
  if (type.name === 'NULL' || type.name === 'INTERVAL') return undefined
  const order = isText(type)
    ? (a: Value, b: Value) => compareText(a as string, b as string)
    : (a: Value, b: Value) => (a! < b! ? -1 : a! > b! ? 1 : 0)
  return {
    type,
    start: () => null,
    add: (kept: Value, value) => (value === null || (kept !== null && order(value, kept) * sign <= 0) ? kept : value),
    result: (kept: Value) => kept,
  }
}

/** The aggregate of the different values. */
export function distinct(inner: Aggregate): Aggregate {
  return {
    type: inner.type,
    start: (): Value[] | Set<Value> => new Set<Value>(),
    add(kept: Set<Value>, value) {
      if (value !== null) kept.add(value)
      return kept
    },
    result: (kept: Set<Value>) =>
      inner.result([...kept].reduce((all: unknown, value) => inner.add(all, value), inner.start())),
  }
}
