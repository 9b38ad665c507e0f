/**
 * Functions over numbers (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/functions/systemfunctions/#arithmetic-functions;
 * result types: flink-table-common …/types/inference/strategies/). NULL in gives NULL out.
 */
import {
  DOUBLE,
  decimal,
  isApproximate,
  isDecimal,
  isInteger,
  isNumeric,
  type LogicalType,
  typeText,
  type Value,
} from '../types.ts'
import { power10, rescale } from '../values/decimal.ts'
import { doubleText, WRAP, wrapBigint } from '../values/numbers.ts'
import type { Built, ScalarFunction } from './signature.ts'

function notNumeric(types: LogicalType[]): string | undefined {
  const at = types.findIndex((type) => !isNumeric(type) && type.name !== 'NULL')
  return at < 0 ? undefined : `Argument ${at + 1} must be a number, and is ${typeText(types[at]!)}.`
}

/** A function of one number that is defined by what it does to each kind. */
function byKind(kinds: {
  integer: (value: number | bigint, type: LogicalType) => number | bigint
  approximate: (value: number) => number
  decimal: (value: bigint, scale: number) => bigint
  decimalType?: (type: LogicalType & { name: 'DECIMAL' }) => LogicalType
}): ScalarFunction {
  return {
    arity: [1, 1],
    build([type]) {
      const refusal = notNumeric([type!])
      if (refusal) return refusal
      if (isDecimal(type!))
        return {
          type: kinds.decimalType?.(type) ?? type,
          compute: (value) => kinds.decimal(value as bigint, type.scale),
        }
      if (isApproximate(type!)) return { type: type!, compute: (value) => kinds.approximate(value as number) }
      return { type: type!, compute: (value) => kinds.integer(value as number | bigint, type!) }
    },
  }
}

/** The most negative integer has no positive counterpart: Java's Math.abs gives it back. */
function absolute(value: number | bigint, type: LogicalType): number | bigint {
  if (typeof value === 'bigint') return wrapBigint(value < 0n ? -value : value)
  return WRAP[type.name]!(Math.abs(value))
}

function floorDivide(value: bigint, unit: bigint): bigint {
  const quotient = value / unit
  return value % unit < 0n ? quotient - 1n : quotient
}

function sign(value: number): number {
  return Math.sign(value)
}

const wholePart = (type: LogicalType & { name: 'DECIMAL' }) => decimal(type.precision, 0)

const ceil = byKind({
  integer: (value) => value,
  approximate: Math.ceil,
  decimal: (value, scale) => -floorDivide(-value, power10(scale)),
  decimalType: wholePart,
})

/** SqlFunctions.sround over BigDecimal.valueOf(double): half away from zero on the decimal digits that the number shows. */
function roundApproximate(value: number, digits: number): number {
  if (!Number.isFinite(value) || value === 0) return value
  const shown = /^(-?)(\d+)\.(\d+)(?:E(-?\d+))?$/.exec(doubleText(value))!
  const [, minus, whole = '', fraction = '', exponent = '0'] = shown
  const scale = fraction.length - Number(exponent)
  if (digits >= scale) return value
  const unscaled = BigInt(whole + fraction)
  const dropped = scale - digits
  if (dropped > whole.length + fraction.length + 1) return 0
  const rounded = rescale(unscaled, dropped, 0)
  return Number(`${minus}${rounded}e${-digits}`)
}

function roundInteger(value: bigint, digits: number): bigint {
  if (digits >= 0) return value
  return -digits > 20 ? 0n : rescale(value, -digits, 0) * power10(-digits)
}

function round(type: LogicalType, digits: number | undefined): Built | { unsupported: string } {
  const at = (given: Value | undefined) => (given === undefined ? (digits ?? 0) : (given as number))
  if (isApproximate(type)) {
    const narrow = type.name === 'FLOAT' ? Math.fround : (value: number) => value
    return { type, compute: (value, given) => narrow(roundApproximate(value as number, at(given))) }
  }
  if (isDecimal(type)) {
    if (digits === undefined) return { unsupported: 'ROUND of a DECIMAL to a number of digits that is no literal' }
    const { precision, scale } = type
    if (digits >= scale) return { type, compute: (value) => value }
    // LogicalTypeMerging.findRoundDecimalType.
    const kept = Math.max(digits, 0)
    const result =
      digits < 0 ? decimal(Math.min(38, 1 + precision - scale), 0) : decimal(1 + precision - scale + digits, digits)
    const compute = (value: Value) => rescale(value as bigint, scale - digits, 0) * power10(kept - digits)
    return { type: result, compute }
  }
  return {
    type,
    compute(value, given) {
      const rounded = roundInteger(BigInt(value as number | bigint), at(given))
      return typeof value === 'bigint' ? wrapBigint(rounded) : WRAP[type.name]!(Number(BigInt.asIntN(32, rounded)))
    },
  }
}

/** A function that Flink computes with doubles, whatever the arguments are. */
function overDoubles(arity: [number, number], compute: (...values: number[]) => number): ScalarFunction {
  return {
    arity,
    build: (types) =>
      notNumeric(types) ?? {
        type: DOUBLE,
        compute: compute as Built['compute'],
        argumentTypes: types.map(() => DOUBLE),
      },
  }
}

export const numberFunctions: Record<string, ScalarFunction> = {
  ABS: byKind({ integer: absolute, approximate: Math.abs, decimal: (value) => (value < 0n ? -value : value) }),
  SIGN: byKind({
    integer: (value) => (typeof value === 'bigint' ? BigInt(sign(Number(value))) : sign(value)),
    approximate: sign,
    decimal: (value, scale) => (value === 0n ? 0n : value < 0n ? -power10(scale) : power10(scale)),
  }),
  FLOOR: byKind({
    integer: (value) => value,
    approximate: Math.floor,
    decimal: (value, scale) => floorDivide(value, power10(scale)),
    decimalType: wholePart,
  }),
  CEIL: ceil,
  CEILING: ceil,
  ROUND: {
    arity: [1, 2],
    build(types, [, digits]) {
      const refusal = notNumeric(types)
      if (refusal) return refusal
      if (types[1] && !isInteger(types[1])) return `Argument 2 must be an INT, and is ${typeText(types[1])}.`
      return round(types[0]!, types.length === 1 ? 0 : (digits as number | undefined))
    },
  },
  POWER: overDoubles([2, 2], (base, exponent) => base ** exponent),
  /** SQRT is POWER(x, 0.5). */
  SQRT: overDoubles([1, 1], (value) => value ** 0.5),
  EXP: overDoubles([1, 1], Math.exp),
  LN: overDoubles([1, 1], Math.log),
}
