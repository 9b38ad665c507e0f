/**
 * Flink's logical types and how expressions combine them
 * (https://nightlies.apache.org/flink/flink-docs-release-2.2/docs/dev/table/types/).
 *
 * Values at run time: STRING, CHAR, VARCHAR are strings; TINYINT, SMALLINT, INT, FLOAT (rounded) and DOUBLE are numbers; BIGINT is a
 * bigint; DECIMAL(p, s) is a bigint in units of 10^-s; BOOLEAN is a boolean; TIMESTAMP(3), TIMESTAMP_LTZ(3) and day-time INTERVALs are
 * milliseconds in a number (the local time zone is UTC); NULL is null.
 */

export type Value = string | number | bigint | boolean | null
export type Row = Value[]

export type LogicalType =
  | { name: 'CHAR' | 'VARCHAR'; length: number }
  | { name: 'STRING' }
  | { name: 'BOOLEAN' }
  | { name: 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' }
  | { name: 'FLOAT' | 'DOUBLE' }
  | { name: 'DECIMAL'; precision: number; scale: number }
  | { name: 'TIMESTAMP' | 'TIMESTAMP_LTZ' }
  | { name: 'INTERVAL' }
  | { name: 'NULL' }

export type TypeName = LogicalType['name']

export const STRING: LogicalType = { name: 'STRING' }
export const BOOLEAN: LogicalType = { name: 'BOOLEAN' }
export const INT: LogicalType = { name: 'INT' }
export const BIGINT: LogicalType = { name: 'BIGINT' }
export const DOUBLE: LogicalType = { name: 'DOUBLE' }
export const TIMESTAMP: LogicalType = { name: 'TIMESTAMP' }
export const TIMESTAMP_LTZ: LogicalType = { name: 'TIMESTAMP_LTZ' }
export const INTERVAL: LogicalType = { name: 'INTERVAL' }
export const NULL: LogicalType = { name: 'NULL' }

/** DecimalType.MAX_PRECISION. */
export const MAX_PRECISION = 38

export const decimal = (precision: number, scale: number): LogicalType => ({ name: 'DECIMAL', precision, scale })

/** As Flink writes it: `DECIMAL(5, 2)`, `TIMESTAMP(3)`. */
export function typeText(type: LogicalType): string {
  if (type.name === 'DECIMAL') return `DECIMAL(${type.precision}, ${type.scale})`
  if (type.name === 'CHAR' || type.name === 'VARCHAR') return `${type.name}(${type.length})`
  if (type.name === 'TIMESTAMP' || type.name === 'TIMESTAMP_LTZ') return `${type.name}(3)`
  return type.name
}

const INTEGERS: TypeName[] = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT']

export const isText = ({ name }: LogicalType) => name === 'STRING' || name === 'CHAR' || name === 'VARCHAR'
export const isInteger = ({ name }: LogicalType) => INTEGERS.includes(name)
export const isApproximate = ({ name }: LogicalType) => name === 'FLOAT' || name === 'DOUBLE'
export const isDecimal = (type: LogicalType): type is LogicalType & { name: 'DECIMAL' } => type.name === 'DECIMAL'
export const isNumeric = (type: LogicalType) => isInteger(type) || isApproximate(type) || isDecimal(type)
export const isTimestamp = ({ name }: LogicalType) => name === 'TIMESTAMP' || name === 'TIMESTAMP_LTZ'

/** An integer type as the decimal that holds all of it (TINYINT 3 digits, SMALLINT 5, INT 10, BIGINT 19: LogicalTypeMerging). */
export function asDecimal(type: LogicalType): LogicalType & { name: 'DECIMAL' } {
  if (isDecimal(type)) return type
  const digits = [3, 5, 10, 19][INTEGERS.indexOf(type.name)]
  if (digits === undefined) throw new Error(`${typeText(type)} is no exact number.`)
  return { name: 'DECIMAL', precision: digits, scale: 0 }
}

/**
 * The type that values of both types fit in, for CASE, COALESCE, IN and comparisons; undefined when there is none
 * (LogicalTypeMerging.findCommonType, flink-table-common/src/main/java/org/apache/flink/table/types/logical/utils/LogicalTypeMerging.java).
 */
export function commonType(a: LogicalType, b: LogicalType): LogicalType | undefined {
  if (a.name === 'NULL') return b
  if (b.name === 'NULL') return a
  if (isText(a) && isText(b)) return commonText(a, b)
  if (isNumeric(a) && isNumeric(b)) return commonNumber(a, b)
  if (isTimestamp(a) && isTimestamp(b)) return a.name === b.name ? a : TIMESTAMP_LTZ
  return a.name === b.name ? a : undefined
}

function commonText(a: LogicalType, b: LogicalType): LogicalType {
  if (!('length' in a) || !('length' in b)) return STRING
  const length = Math.max(a.length, b.length)
  return a.name === 'CHAR' && b.name === 'CHAR' && a.length === b.length ? a : { name: 'VARCHAR', length }
}

function commonNumber(a: LogicalType, b: LogicalType): LogicalType {
  if (isApproximate(a) || isApproximate(b)) {
    // FLOAT stays FLOAT with integers and itself, and becomes DOUBLE with DECIMAL and DOUBLE.
    const narrow = (type: LogicalType) => type.name === 'FLOAT' || isInteger(type)
    return narrow(a) && narrow(b) ? { name: 'FLOAT' } : DOUBLE
  }
  if (isDecimal(a) || isDecimal(b)) {
    const [x, y] = [asDecimal(a), asDecimal(b)]
    const scale = Math.max(x.scale, y.scale)
    return bounded(Math.max(x.precision - x.scale, y.precision - y.scale) + scale, scale)
  }
  return INTEGERS.indexOf(a.name) >= INTEGERS.indexOf(b.name) ? a : b
}

/**
 * The type of `a operator b` over numbers. Decimals as in LogicalTypeMerging.findAdditionDecimalType, findMultiplicationDecimalType,
 * findDivisionDecimalType and findModuloDecimalType.
 */
export function arithmeticType(operator: '+' | '-' | '*' | '/' | '%', a: LogicalType, b: LogicalType): LogicalType {
  if (isApproximate(a) || isApproximate(b) || (isInteger(a) && isInteger(b))) {
    if (operator === '%' && isInteger(a) && isInteger(b)) return b
    // Of FLOAT and DOUBLE, Flink takes the left one.
    return isApproximate(a) && isApproximate(b) ? a : commonNumber(a, b)
  }
  const [x, y] = [asDecimal(a), asDecimal(b)]
  const whole = (type: { precision: number; scale: number }) => type.precision - type.scale
  switch (operator) {
    case '*':
      return bounded(x.precision + y.precision + 1, x.scale + y.scale)
    case '/': {
      const scale = Math.max(6, x.scale + y.precision + 1)
      return bounded(x.precision - x.scale + y.scale + scale, scale)
    }
    case '%': {
      const scale = Math.max(x.scale, y.scale)
      return bounded(Math.min(whole(x), whole(y)) + scale, scale)
    }
    default: {
      const scale = Math.max(x.scale, y.scale)
      return bounded(Math.max(whole(x), whole(y)) + scale + 1, scale)
    }
  }
}

const MIN_KEPT_SCALE = 6

/** More than 38 digits lose scale, but not below 6 (LogicalTypeMerging.adjustPrecisionScale). */
function bounded(precision: number, scale: number): LogicalType {
  if (precision <= MAX_PRECISION) return decimal(precision, scale)
  const whole = precision - scale
  return decimal(MAX_PRECISION, Math.max(MAX_PRECISION - whole, Math.min(scale, MIN_KEPT_SCALE)))
}
