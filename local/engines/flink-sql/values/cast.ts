/**
 * CAST and TRY_CAST between types, as Flink's cast rules do it (flink-table-planner/src/main/java/org/apache/flink/table/planner/functions/casting/):
 * numbers wrap and truncate like Java's casts, text that does not fit fails the job under CAST and is NULL under TRY_CAST, a DECIMAL that
 * does not fit is NULL under both. Every rule was compared with Flink 2.2.0.
 */
import { FlinkSqlRuntimeError } from '../errors.ts'
import { isText, type LogicalType, typeText, type Value } from '../types.ts'
import { decimalText, type Exact, fitted, parseExact, rescale, toDouble, within } from './decimal.ts'
import { doubleText, doubleToInt, doubleToLong, floatText, parseJavaDouble, trimThrough, WRAP } from './numbers.ts'
import { checkLength } from './text-length.ts'
import { parseTimestamp, timestampText } from './timestamp.ts'

type Convert = (value: NonNullable<Value>) => Value

/** Marks text that a type cannot be made of. */
class Unreadable extends Error {}

/** A cast that passes NULL through; undefined where Flink (or the subset) knows none between the two types. */
export function castBetween(
  from: LogicalType,
  to: LogicalType,
  lenient: boolean,
): ((value: Value) => Value) | undefined {
  if (from.name === 'NULL') return () => null
  const convert = conversion(from, to)
  if (!convert) return undefined
  return (value) => {
    if (value === null) return null
    try {
      return convert(value)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      if (lenient) return null
      throw new FlinkSqlRuntimeError(
        `CAST cannot make ${typeText(to)} of ${JSON.stringify(value)}. TRY_CAST gives NULL instead of failing the job.`,
      )
    }
  }
}

function conversion(from: LogicalType, to: LogicalType): Convert | undefined {
  if (isText(to)) return toText(from, to)
  if (isText(from)) return fromText(to)
  switch (from.name) {
    case 'BOOLEAN':
      return fromBoolean(to)
    case 'DECIMAL':
      return fromDecimal(from.precision, from.scale, to)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return fromInteger(to)
    case 'FLOAT':
    case 'DOUBLE':
      return fromApproximate(to)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      // The local time zone is UTC, so both count from the same instant.
      return to.name === 'TIMESTAMP' || to.name === 'TIMESTAMP_LTZ' ? (value) => value : undefined
    default:
      return from.name === to.name ? (value) => value : undefined
  }
}

/** How a value of the type is written as text (CAST … AS STRING); undefined for types without a text. */
export function textOf(type: LogicalType): ((value: NonNullable<Value>) => string) | undefined {
  switch (type.name) {
    case 'CHAR':
    case 'VARCHAR':
    case 'STRING':
      return (value) => value as string
    case 'BOOLEAN':
      return (value) => (value ? 'TRUE' : 'FALSE')
    case 'DECIMAL':
      return (value) => decimalText(value as bigint, type.scale)
    case 'DOUBLE':
      return (value) => doubleText(value as number)
    case 'FLOAT':
      return (value) => floatText(value as number)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return (value) => timestampText(value as number)
    case 'INTERVAL':
    case 'NULL':
      return undefined
    default:
      return String
  }
}

/** VARCHAR(n) cuts, CHAR(n) cuts and pads with spaces; n counts code points (CharVarCharTrimPadCastRule). */
function toText(from: LogicalType, to: LogicalType): Convert | undefined {
  const write = textOf(from)
  if (!write) return undefined
  if (!('length' in to)) return write
  const { length } = to
  return (value) => {
    const text = write(value)
    const cut = text.length > length ? [...text].slice(0, length).join('') : text
    if (to.name !== 'CHAR') return cut
    checkLength(length)
    return cut + ' '.repeat(Math.max(0, length - [...cut].length))
  }
}

const TRUE_WORDS = new Set(['t', 'true', 'y', 'yes', '1'])
const FALSE_WORDS = new Set(['f', 'false', 'n', 'no', '0'])
const RANGE: Record<string, bigint> = { TINYINT: 2n ** 7n, SMALLINT: 2n ** 15n, INT: 2n ** 31n, BIGINT: 2n ** 63n }
const WHOLE = /^([+-]?)(\d*)(?:\.(\d*))?$/
const SPACE = 0x20
/** Spaces only, not tabs. */
const withoutSpaces = (text: string) => trimThrough(text, SPACE, SPACE)

function fromText(to: LogicalType): Convert | undefined {
  switch (to.name) {
    case 'BOOLEAN':
      // StringToBooleanCastRule: these words and no blanks around them.
      return (value) => {
        const word = (value as string).toLowerCase()
        if (TRUE_WORDS.has(word)) return true
        if (FALSE_WORDS.has(word)) return false
        throw new Unreadable()
      }
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
      return (value) => wholeNumber(value as string, to.name)
    case 'DOUBLE':
    case 'FLOAT':
      return (value) => {
        const number = parseJavaDouble(value as string)
        if (number === undefined) throw new Unreadable()
        return to.name === 'FLOAT' ? Math.fround(number) : number
      }
    case 'DECIMAL':
      return (value) => {
        const exact = parseExact(withoutSpaces(value as string))
        if (!exact) throw new Unreadable()
        return fitted(exact, to.precision, to.scale)
      }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return (value) => {
        const ms = parseTimestamp(value as string)
        if (ms === null) throw new Unreadable()
        return ms
      }
    default:
      return undefined
  }
}

/** BinaryStringDataUtil.toInt and its like: spaces trimmed, digits behind a point checked and dropped, overflow refused. */
function wholeNumber(text: string, type: string): number | bigint {
  const [, sign, whole, fraction] = WHOLE.exec(withoutSpaces(text)) ?? []
  if (sign === undefined || whole === undefined || (whole === '' && fraction === undefined)) throw new Unreadable()
  const digits = BigInt(whole || '0')
  const value = sign === '-' ? -digits : digits
  const limit = RANGE[type]!
  if (value >= limit || value < -limit) throw new Unreadable()
  return type === 'BIGINT' ? value : Number(value)
}

function fromBoolean(to: LogicalType): Convert | undefined {
  switch (to.name) {
    case 'BOOLEAN':
      return (value) => value
    case 'BIGINT':
      return (value) => (value ? 1n : 0n)
    case 'DECIMAL':
      return (value) => fitted({ unscaled: value ? 1n : 0n, scale: 0 }, to.precision, to.scale)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'FLOAT':
    case 'DOUBLE':
      return (value) => (value ? 1 : 0)
    default:
      return undefined
  }
}

function fromInteger(to: LogicalType): Convert | undefined {
  switch (to.name) {
    case 'BOOLEAN':
      return (value) => Number(value) !== 0
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT': {
      const wrap = WRAP[to.name]!
      return (value) => wrap(typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : (value as number))
    }
    case 'BIGINT':
      return (value) => BigInt(value)
    case 'FLOAT':
      return (value) => Math.fround(Number(value))
    case 'DOUBLE':
      return Number
    case 'DECIMAL':
      return (value) => fitted({ unscaled: BigInt(value), scale: 0 }, to.precision, to.scale)
    default:
      return undefined
  }
}

function fromApproximate(to: LogicalType): Convert | undefined {
  switch (to.name) {
    case 'BOOLEAN':
      return (value) => value !== 0
    case 'BIGINT':
      return (value) => doubleToLong(value as number)
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT': {
      // Java casts a double to int first, and that to byte or short.
      const wrap = WRAP[to.name]!
      return (value) => wrap(doubleToInt(value as number))
    }
    case 'FLOAT':
      return (value) => Math.fround(value as number)
    case 'DOUBLE':
      return (value) => value
    case 'DECIMAL':
      return (value) => {
        const exact = parseExact(doubleText(value as number))
        // BigDecimal knows neither NaN nor infinity: NumberFormatException, under TRY_CAST too.
        if (!exact) throw new FlinkSqlRuntimeError(`${doubleText(value as number)} cannot be a ${typeText(to)}.`)
        return fitted(exact, to.precision, to.scale)
      }
    default:
      return undefined
  }
}

function fromDecimal(precision: number, scale: number, to: LogicalType): Convert | undefined {
  const exact = (value: Value): Exact => ({ unscaled: value as bigint, scale })
  const whole = (value: Value) => BigInt.asIntN(64, (value as bigint) / 10n ** BigInt(scale))
  switch (to.name) {
    case 'BOOLEAN':
      return (value) => value !== 0n
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT': {
      const wrap = WRAP[to.name]!
      return (value) => wrap(Number(BigInt.asIntN(32, whole(value))))
    }
    case 'BIGINT':
      return whole
    case 'FLOAT':
      return (value) => Math.fround(toDouble(value as bigint, precision, scale))
    case 'DOUBLE':
      return (value) => toDouble(value as bigint, precision, scale)
    case 'DECIMAL':
      return (value) =>
        to.scale >= scale
          ? within(rescale(value as bigint, scale, to.scale), to.precision)
          : fitted(exact(value), to.precision, to.scale)
    default:
      return undefined
  }
}
