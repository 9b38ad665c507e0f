/** Aggregates and window functions. */
import { HiveSemanticError } from '../../errors.ts'
import {
  array,
  BIGINT,
  DOUBLE,
  decimal,
  type HiveType,
  INT,
  isInteger,
  isNumber,
  isPrimitive,
  isText,
  typeName,
} from '../../types.ts'
import { convert } from '../casts.ts'
import type { Typed } from '../typed.ts'
import {
  asInt,
  define,
  type FunctionCall,
  type FunctionDefinition,
  type Functions,
  wrongArgument,
} from './definition.ts'

/** Aggregates get `DISTINCT ` or nothing, and OVER … or nothing, around the DuckDB call that they name. */
export interface AggregateCall extends FunctionCall {
  readonly distinct: boolean
  readonly star: boolean
  /** ` OVER (…)`, or empty. */
  readonly over: string
}

export interface AggregateDefinition extends Omit<FunctionDefinition, 'build'> {
  build(call: AggregateCall): Typed
}

const aggregate = (
  count: number | readonly [number, number],
  build: AggregateDefinition['build'],
): AggregateDefinition => {
  const [least, most] = typeof count === 'number' ? [count, count] : count
  return { least, most, build }
}

const d = (call: AggregateCall): string => (call.distinct ? 'DISTINCT ' : '')

const asDouble = (call: AggregateCall, i: number): string => {
  if (!isNumber(call.arguments[i]!.type) && !isText(call.arguments[i]!.type)) throw wrongArgument(call, i, 'a number')
  return convert(call.arguments[i]!, DOUBLE, call).sql
}

/** Sums of integers are bigint, of decimals ten digits wider, of all else double. */
const sum = aggregate(1, (call) => {
  const { type, sql } = call.arguments[0]!
  if (isInteger(type)) return { sql: `CAST(sum(${d(call)}${sql})${call.over} AS BIGINT)`, type: BIGINT }
  if (type.kind === 'decimal') {
    const result = decimal(Math.min(38, type.precision + 10), type.scale)
    return {
      sql: `CAST(sum(${d(call)}${sql})${call.over} AS DECIMAL(${Math.min(38, type.precision + 10)},${type.scale}))`,
      type: result,
    }
  }
  return { sql: `sum(${d(call)}${asDouble(call, 0)})${call.over}`, type: DOUBLE }
})

const avg = aggregate(1, (call) => {
  const { type, sql } = call.arguments[0]!
  if (type.kind !== 'decimal') return { sql: `avg(${d(call)}${asDouble(call, 0)})${call.over}`, type: DOUBLE }
  const [precision, scale] = [Math.min(38, type.precision + 4), Math.min(38, type.scale + 4)]
  return {
    sql: `CAST(avg(${d(call)}${sql})${call.over} AS DECIMAL(${precision},${scale}))`,
    type: decimal(precision, scale),
  }
})

const count = aggregate([0, 64], (call) => {
  if (call.star || call.arguments.length === 0) return { sql: `count(*)${call.over}`, type: BIGINT }
  if (call.arguments.length === 1)
    return { sql: `count(${d(call)}${call.arguments[0]!.sql})${call.over}`, type: BIGINT }
  if (!call.distinct) throw new HiveSemanticError('count of several expressions needs DISTINCT', call)
  const values = call.arguments.map((a) => a.sql)
  return {
    sql: `count(DISTINCT CASE WHEN ${values.map((v) => `${v} IS NULL`).join(' OR ')} THEN NULL ELSE (${values.join(', ')}) END)${call.over}`,
    type: BIGINT,
  }
})

const extreme = (duck: 'min' | 'max'): AggregateDefinition =>
  aggregate(1, (call) => {
    const { type, sql } = call.arguments[0]!
    if (!isPrimitive(type)) throw wrongArgument(call, 0, `a primitive type, not ${typeName(type)}`)
    return { sql: `${duck}(${sql})${call.over}`, type }
  })

const statistic = (duck: string, arity = 1): AggregateDefinition =>
  aggregate(arity, (call) => ({
    sql: `${duck}(${d(call)}${call.arguments.map((_, i) => asDouble(call, i)).join(', ')})${call.over}`,
    type: DOUBLE,
  }))

const collect = (distinct: boolean): AggregateDefinition =>
  aggregate(1, (call) => {
    const { sql, type } = call.arguments[0]!
    return {
      sql: `coalesce(list(${distinct || call.distinct ? 'DISTINCT ' : ''}${sql}) FILTER (WHERE ${sql} IS NOT NULL)${call.over}, [])`,
      type: array(type),
    }
  })

const percentile = aggregate([2, 3], (call) => {
  const at = call.arguments[1]!
  return at.type.kind === 'array'
    ? {
        sql: `quantile_cont(${asDouble(call, 0)}, ${convert(at, array(DOUBLE), call).sql})${call.over}`,
        type: array(DOUBLE),
      }
    : { sql: `quantile_cont(${asDouble(call, 0)}, ${convert(at, DOUBLE, call).sql})${call.over}`, type: DOUBLE }
})

export const AGGREGATES: Readonly<Record<string, AggregateDefinition>> = {
  avg,
  collect_list: collect(false),
  collect_set: collect(true),
  corr: statistic('corr', 2),
  count,
  covar_pop: statistic('covar_pop', 2),
  covar_samp: statistic('covar_samp', 2),
  max: extreme('max'),
  min: extreme('min'),
  percentile,
  percentile_approx: percentile,
  std: statistic('stddev_pop'),
  stddev: statistic('stddev_pop'),
  stddev_pop: statistic('stddev_pop'),
  stddev_samp: statistic('stddev_samp'),
  sum,
  var_pop: statistic('var_pop'),
  var_samp: statistic('var_samp'),
  variance: statistic('var_pop'),
}

const ranking = (duck: string, type: HiveType): FunctionDefinition => define(0, () => ({ sql: `${duck}()`, type }))

const shifted = (duck: 'lag' | 'lead'): FunctionDefinition =>
  define([1, 3], (call) => {
    const value = call.arguments[0]!
    const by = call.arguments[1] ? asInt(call, 1) : '1'
    const otherwise = call.arguments[2] ? `, ${convert(call.arguments[2], value.type, call).sql}` : ''
    return { sql: `${duck}(${value.sql}, ${by}${otherwise})`, type: value.type }
  })

const ofFrame = (duck: 'first_value' | 'last_value'): FunctionDefinition =>
  define([1, 2], (call) => {
    const value = call.arguments[0]!
    const ignore = call.arguments[1]?.literal === 'true' ? ' IGNORE NULLS' : ''
    return { sql: `${duck}(${value.sql}${ignore})`, type: value.type }
  })

/** Functions that only make sense with OVER. */
export const WINDOWS: Functions = {
  cume_dist: ranking('cume_dist', DOUBLE),
  dense_rank: ranking('dense_rank', INT),
  first_value: ofFrame('first_value'),
  lag: shifted('lag'),
  last_value: ofFrame('last_value'),
  lead: shifted('lead'),
  ntile: define(1, (call) => ({ sql: `ntile(${asInt(call, 0)})`, type: INT })),
  percent_rank: ranking('percent_rank', DOUBLE),
  rank: ranking('rank', INT),
  row_number: ranking('row_number', INT),
}
