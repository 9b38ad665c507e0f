/** Hive's types, and what DuckDB calls them. */

export type HiveType =
  | {
      readonly kind:
        | 'boolean'
        | 'tinyint'
        | 'smallint'
        | 'int'
        | 'bigint'
        | 'float'
        | 'double'
        | 'string'
        | 'date'
        | 'timestamp'
        | 'binary'
        | 'void'
        | 'interval'
    }
  | { readonly kind: 'varchar' | 'char'; readonly length: number }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly element: HiveType }
  | { readonly kind: 'map'; readonly key: HiveType; readonly value: HiveType }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: HiveType }[] }

type SimpleKind = Exclude<HiveType['kind'], 'varchar' | 'char' | 'decimal' | 'array' | 'map' | 'struct'>
const simple = (kind: SimpleKind): HiveType => ({ kind })

export const BOOLEAN = simple('boolean')
export const TINYINT = simple('tinyint')
export const SMALLINT = simple('smallint')
export const INT = simple('int')
export const BIGINT = simple('bigint')
export const FLOAT = simple('float')
export const DOUBLE = simple('double')
export const STRING = simple('string')
export const DATE = simple('date')
export const TIMESTAMP = simple('timestamp')
export const BINARY = simple('binary')
export const INTERVAL = simple('interval')
export const decimal = (precision: number, scale: number): HiveType => ({ kind: 'decimal', precision, scale })
export const array = (element: HiveType): HiveType => ({ kind: 'array', element })
export const map = (key: HiveType, value: HiveType): HiveType => ({ kind: 'map', key, value })

/** Hive's name of a type: `decimal(14,2)`, `array<string>`. */
export function typeName(type: HiveType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'varchar':
    case 'char':
      return `${type.kind}(${type.length})`
    case 'array':
      return `array<${typeName(type.element)}>`
    case 'map':
      return `map<${typeName(type.key)},${typeName(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(',')}>`
    default:
      return type.kind
  }
}

/** DuckDB's name of a type. */
export function duckType(type: HiveType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'int':
      return 'INTEGER'
    case 'string':
    case 'varchar':
    case 'char':
    case 'void':
      return 'VARCHAR'
    case 'binary':
      return 'BLOB'
    case 'array':
      return `${duckType(type.element)}[]`
    case 'map':
      return `MAP(${duckType(type.key)}, ${duckType(type.value)})`
    case 'struct':
      return `STRUCT(${type.fields.map((f) => `"${f.name}" ${duckType(f.type)}`).join(', ')})`
    default:
      return type.kind.toUpperCase()
  }
}

export const sameType = (a: HiveType, b: HiveType): boolean => typeName(a) === typeName(b)

const INTEGERS = ['tinyint', 'smallint', 'int', 'bigint']
const NUMBERS = [...INTEGERS, 'decimal', 'float', 'double']

export const isText = (t: HiveType): boolean => t.kind === 'string' || t.kind === 'varchar' || t.kind === 'char'
export const isInteger = (t: HiveType): boolean => INTEGERS.includes(t.kind)
export const isNumber = (t: HiveType): boolean => NUMBERS.includes(t.kind)
export const isTemporal = (t: HiveType): boolean => t.kind === 'date' || t.kind === 'timestamp'
export const isPrimitive = (t: HiveType): boolean => t.kind !== 'array' && t.kind !== 'map' && t.kind !== 'struct'

/** The decimal that holds every value of an integer type. */
export function asDecimal(type: HiveType): { precision: number; scale: number } {
  if (type.kind === 'decimal') return type
  const precision = { tinyint: 3, smallint: 5, int: 10, bigint: 19 }[type.kind as string] ?? 38
  return { precision, scale: type.kind === 'float' || type.kind === 'double' ? 15 : 0 }
}

/** Cuts a precision beyond 38 so that the integer digits survive (HiveDecimalUtils, HIVE-15331). */
export function boundedDecimal(precision: number, scale: number): HiveType {
  if (precision <= 38) return decimal(precision, scale)
  return decimal(38, Math.max(38 - (precision - scale), Math.min(scale, 6)))
}

/** The wider of two numeric types: integers by size, decimals by digits, anything with a float or double is a double. */
export function widerNumber(a: HiveType, b: HiveType): HiveType {
  if (a.kind === 'decimal' || b.kind === 'decimal') {
    if ([a, b].some((t) => t.kind === 'float' || t.kind === 'double')) return DOUBLE
    const [x, y] = [asDecimal(a), asDecimal(b)]
    const scale = Math.max(x.scale, y.scale)
    return boundedDecimal(Math.max(x.precision - x.scale, y.precision - y.scale) + scale, scale)
  }
  const wider = NUMBERS.indexOf(a.kind) >= NUMBERS.indexOf(b.kind) ? a : b
  return wider.kind === 'float' && !sameType(a, b) ? DOUBLE : wider
}

/** The type that both branches of CASE, IF, COALESCE or UNION become; undefined when they have none (FunctionRegistry.getCommonClassForUnionAll). */
export function commonType(a: HiveType, b: HiveType): HiveType | undefined {
  if (sameType(a, b)) return a
  if (a.kind === 'void') return b
  if (b.kind === 'void') return a
  if (isNumber(a) && isNumber(b)) return widerNumber(a, b)
  if (isText(a) && isText(b)) return STRING
  if (isTemporal(a) && isTemporal(b)) return TIMESTAMP
  if (isPrimitive(a) && isPrimitive(b) && (isText(a) || isText(b)) && a.kind !== 'boolean' && b.kind !== 'boolean')
    return STRING
  if (a.kind === 'array' && b.kind === 'array') {
    const element = commonType(a.element, b.element)
    return element && array(element)
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const [key, value] = [commonType(a.key, b.key), commonType(a.value, b.value)]
    return key && value && map(key, value)
  }
  return undefined
}

/** The type two values are compared in; undefined when they cannot be (FunctionRegistry.getCommonClassForComparison). */
export function comparisonType(a: HiveType, b: HiveType): HiveType | undefined {
  if (sameType(a, b)) return a
  if (a.kind === 'void') return b
  if (b.kind === 'void') return a
  if (isNumber(a) && isNumber(b)) return widerNumber(a, b)
  if (isText(a) && isText(b)) return STRING
  if (isTemporal(a) && isTemporal(b)) return TIMESTAMP
  if (isTemporal(a) && isText(b)) return a
  if (isTemporal(b) && isText(a)) return b
  if ((isText(a) && isNumber(b)) || (isText(b) && isNumber(a))) return DOUBLE
  // So 'TRUE' is no number, and equals nothing.
  if ((a.kind === 'boolean' && isText(b)) || (b.kind === 'boolean' && isText(a))) return DOUBLE
  return undefined
}
