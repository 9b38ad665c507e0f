/** Types as scripts write them. */
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  decimal,
  INT,
  type LogicalType,
  MAX_PRECISION,
  STRING,
  TIMESTAMP,
  TIMESTAMP_LTZ,
} from '../types.ts'
import type { Cursor } from './cursor.ts'

const UNSUPPORTED = new Set([
  'DATE',
  'TIME',
  'BYTES',
  'BINARY',
  'VARBINARY',
  'ARRAY',
  'MAP',
  'MULTISET',
  'ROW',
  'RAW',
  'NULL',
  'INTERVAL',
  'VARIANT',
])
const MILLISECONDS = 3
const MAX_TEXT_LENGTH = 2_147_483_647
const DEFAULT_TIMESTAMP_PRECISION = 6
/** DecimalType.DEFAULT_PRECISION. */
const DEFAULT_DECIMAL_PRECISION = 10

export function parseType(cursor: Cursor): LogicalType {
  const { at, kind, upper } = cursor.token
  if (kind !== 'word') cursor.fail(`Expected a type, found "${cursor.token.text}".`)
  cursor.advance()
  const type = namedType(cursor, upper, at)
  if (cursor.is('ARRAY') || cursor.is('MULTISET')) cursor.unsupported('A collection type')
  return type
}

function namedType(cursor: Cursor, name: string, at: number): LogicalType {
  switch (name) {
    case 'STRING':
      return STRING
    case 'BOOLEAN':
      return BOOLEAN
    case 'TINYINT':
    case 'SMALLINT':
      return { name }
    case 'INT':
    case 'INTEGER':
      return INT
    case 'BIGINT':
      return BIGINT
    case 'FLOAT':
      return { name }
    case 'DOUBLE':
      cursor.take('PRECISION')
      return DOUBLE
    case 'CHAR':
    case 'VARCHAR':
      return { name, length: textLength(cursor, at) }
    case 'DECIMAL':
    case 'DEC':
    case 'NUMERIC':
      return decimalType(cursor, at)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestampType(cursor, name, at)
  }
  if (UNSUPPORTED.has(name)) return cursor.unsupported(`The type ${name}`, at)
  return cursor.fail(`There is no type ${name}.`, at)
}

function bracketed(cursor: Cursor): number[] {
  const numbers: number[] = []
  if (!cursor.take('(')) return numbers
  do numbers.push(cursor.wholeNumber())
  while (cursor.take(','))
  cursor.need(')')
  return numbers
}

/** CharType.MIN_LENGTH and MAX_LENGTH. */
function textLength(cursor: Cursor, at: number): number {
  const [length = 1] = bracketed(cursor)
  if (length < 1 || length > MAX_TEXT_LENGTH)
    cursor.fail(`The length of a CHAR or VARCHAR is from 1 to ${MAX_TEXT_LENGTH}.`, at)
  return length
}

function decimalType(cursor: Cursor, at: number): LogicalType {
  const [precision = DEFAULT_DECIMAL_PRECISION, scale = 0] = bracketed(cursor)
  if (precision < 1 || precision > MAX_PRECISION || scale > precision)
    cursor.fail(`DECIMAL takes 1 to ${MAX_PRECISION} digits, and at most as many behind the point.`, at)
  return decimal(precision, scale)
}

function timestampType(cursor: Cursor, name: 'TIMESTAMP' | 'TIMESTAMP_LTZ', at: number): LogicalType {
  const [precision = DEFAULT_TIMESTAMP_PRECISION] = bracketed(cursor)
  let local = name === 'TIMESTAMP_LTZ'
  if (!local && cursor.take('WITH', 'LOCAL', 'TIME', 'ZONE')) local = true
  else if (!local && cursor.is('WITH')) cursor.unsupported('A TIMESTAMP WITH TIME ZONE')
  else cursor.take('WITHOUT', 'TIME', 'ZONE')
  if (precision !== MILLISECONDS) cursor.unsupported(`${name}(${precision}), with any precision but 3,`, at)
  return local ? TIMESTAMP_LTZ : TIMESTAMP
}
