/** Mathematical functions. */
import {
  BIGINT,
  DOUBLE,
  decimal,
  duckType,
  type HiveType,
  INT,
  isInteger,
  isNumber,
  isText,
  STRING,
  widerNumber,
} from '../../types.ts'
import { convert } from '../casts.ts'
import {
  asInt,
  asNumber,
  asText,
  define,
  type FunctionDefinition,
  type Functions,
  simple,
  wrongArgument,
} from './definition.ts'

const double = (duck: string): FunctionDefinition => simple([DOUBLE], DOUBLE, (x) => `${duck}(${x})`)

/** Outside of its domain the function is NaN, as in Java; DuckDB throws. */
const partial = (duck: string): FunctionDefinition =>
  simple([DOUBLE], DOUBLE, (x) => `CASE WHEN abs(${x}) > 1 THEN NULL ELSE ${duck}(${x}) END`)

const rounded = (up: 'floor' | 'ceil'): FunctionDefinition =>
  define(1, (call) => {
    const x = asNumber(call, 0)
    if (x.type.kind === 'decimal')
      return {
        sql: `CAST(${up}(${x.sql}) AS DECIMAL(${Math.max(1, x.type.precision - x.type.scale + 1)}, 0))`,
        type: decimal(Math.min(38, x.type.precision - x.type.scale + 1), 0),
      }
    if (isInteger(x.type)) return { sql: `CAST(${x.sql} AS BIGINT)`, type: BIGINT }
    return { sql: `CAST(${up}(${x.sql}) AS BIGINT)`, type: BIGINT }
  })

const half = (duck: 'round' | 'round_even'): FunctionDefinition =>
  define([1, 2], (call) => {
    const x = asNumber(call, 0)
    const digits = call.arguments[1]?.literal ?? (call.arguments[1] ? undefined : '0')
    if (digits === undefined) throw wrongArgument(call, 1, 'a literal number of digits')
    const d = Number(digits)
    if (x.type.kind === 'decimal') {
      const scale = Math.max(0, Math.min(x.type.scale, d))
      const type = decimal(Math.min(38, x.type.precision - x.type.scale + scale + 1), scale)
      return {
        sql: `CAST(${duck}(${x.sql}, ${d}) AS DECIMAL(${type.kind === 'decimal' ? type.precision : 38}, ${scale}))`,
        type,
      }
    }
    if (isInteger(x.type)) {
      if (d >= 0) return x
      return { sql: `CAST(${duck}(CAST(${x.sql} AS DECIMAL(38,0)), ${d}) AS ${duckType(x.type)})`, type: x.type }
    }
    return { sql: `hive_${duck}(CAST(${x.sql} AS DOUBLE), ${d})`, type: DOUBLE }
  })

/** The largest or smallest argument; NULL if one is NULL. */
const extreme = (duck: 'greatest' | 'least'): FunctionDefinition =>
  define([2, 64], (call) => {
    let type: HiveType = call.arguments[0]!.type
    for (const argument of call.arguments) {
      if (isNumber(type) && isNumber(argument.type)) type = widerNumber(type, argument.type)
      else if (type.kind === 'void') type = argument.type
      else if (argument.type.kind !== 'void' && argument.type.kind !== type.kind)
        type = isText(type) || isText(argument.type) ? STRING : DOUBLE
    }
    const values = call.arguments.map((a) => convert(a, type, call).sql)
    return {
      sql: `CASE WHEN ${values.map((v) => `${v} IS NULL`).join(' OR ')} THEN NULL ELSE ${duck}(${values.join(', ')}) END`,
      type,
    }
  })

export const NUMBERS: Functions = {
  abs: define(1, (call) => ({ ...asNumber(call, 0), sql: `abs(${asNumber(call, 0).sql})`, literal: undefined })),
  acos: partial('acos'),
  asin: partial('asin'),
  atan: double('atan'),
  bin: simple([BIGINT], STRING, (x) => `bin(${x})`),
  bround: half('round_even'),
  // Java's cube roots of whole cubes are whole.
  cbrt: simple(
    [DOUBLE],
    DOUBLE,
    (x) => `CASE WHEN pow(round(cbrt(${x})), 3) = ${x} THEN round(cbrt(${x})) ELSE cbrt(${x}) END`,
  ),
  ceil: rounded('ceil'),
  ceiling: rounded('ceil'),
  conv: define(3, (call) => {
    throw wrongArgument(call, 0, 'converted otherwise: conv is not supported')
  }),
  cos: double('cos'),
  degrees: double('degrees'),
  e: simple([], DOUBLE, () => 'exp(1.0::DOUBLE)'),
  exp: double('exp'),
  factorial: simple([INT], BIGINT, (x) => `CASE WHEN ${x} BETWEEN 0 AND 20 THEN CAST(factorial(${x}) AS BIGINT) END`),
  floor: rounded('floor'),
  greatest: extreme('greatest'),
  hex: define(1, (call) =>
    isNumber(call.arguments[0]!.type)
      ? { sql: `hex(${convert(call.arguments[0]!, BIGINT, call).sql})`, type: STRING }
      : { sql: `hex(${asText(call, 0)})`, type: STRING },
  ),
  least: extreme('least'),
  ln: simple([DOUBLE], DOUBLE, (x) => `CASE WHEN ${x} > 0 THEN ln(${x}) END`),
  log: define([1, 2], (call) => {
    const [a, b] = call.arguments.map((v) => convert(v, DOUBLE, call).sql)
    return {
      sql: b ? `CASE WHEN ${a} > 1 AND ${b} > 0 THEN ln(${b}) / ln(${a}) END` : `CASE WHEN ${a} > 0 THEN ln(${a}) END`,
      type: DOUBLE,
    }
  }),
  log10: simple([DOUBLE], DOUBLE, (x) => `CASE WHEN ${x} > 0 THEN log10(${x}) END`),
  log2: simple([DOUBLE], DOUBLE, (x) => `CASE WHEN ${x} > 0 THEN log2(${x}) END`),
  mod: define(2, (call) => {
    const [a, b] = [asNumber(call, 0), asNumber(call, 1)]
    const type = widerNumber(a.type, b.type)
    return { sql: `(${a.sql} % ${b.sql})`, type }
  }),
  negative: define(1, (call) => ({ ...asNumber(call, 0), sql: `(-${asNumber(call, 0).sql})`, literal: undefined })),
  pi: simple([], DOUBLE, () => 'pi()'),
  pmod: define(2, (call) => {
    const [a, b] = [asNumber(call, 0), asNumber(call, 1)]
    return { sql: `hive_pmod(${a.sql}, ${b.sql})`, type: widerNumber(a.type, b.type) }
  }),
  positive: define(1, (call) => asNumber(call, 0)),
  pow: simple([DOUBLE, DOUBLE], DOUBLE, (x, y) => `pow(${x}, ${y})`),
  power: simple([DOUBLE, DOUBLE], DOUBLE, (x, y) => `pow(${x}, ${y})`),
  radians: double('radians'),
  rand: define([0, 1], (call) => ({
    sql: call.arguments.length
      ? `(CAST(hash(${asInt(call, 0)}, random()) % 1000000007 AS DOUBLE) / 1000000007)`
      : 'random()',
    type: DOUBLE,
  })),
  round: half('round'),
  // Java shifts by the lowest five bits of the number, and drops what leaves the value.
  shiftleft: simple([INT, INT], INT, (x, n) => `hive_wrap_int(CAST(${x} AS BIGINT) * (1::BIGINT << (${n} & 31)))`),
  shiftright: simple([INT, INT], INT, (x, n) => `CAST(floor(${x} / (1::BIGINT << (${n} & 31))) AS INTEGER)`),
  sign: define(1, (call) =>
    call.arguments[0]!.type.kind === 'decimal'
      ? { sql: `CAST(sign(${call.arguments[0]!.sql}) AS INTEGER)`, type: INT }
      : { sql: `CAST(sign(${convert(call.arguments[0]!, DOUBLE, call).sql}) AS DOUBLE)`, type: DOUBLE },
  ),
  sin: double('sin'),
  sqrt: simple([DOUBLE], DOUBLE, (x) => `CASE WHEN ${x} >= 0 THEN sqrt(${x}) END`),
  tan: double('tan'),
  unhex: simple([STRING], { kind: 'binary' }, (s) => `TRY(unhex(${s}))`),
  width_bucket: define(4, (call) => {
    throw wrongArgument(call, 0, 'put into buckets by CASE: width_bucket is not supported')
  }),
}
