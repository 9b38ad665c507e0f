/** Types as a script writes them: `DECIMAL(14,2)`, `ARRAY<STRING>`, `STRUCT<a:INT>`. */
import { HiveSemanticError } from '../errors.ts'
import {
  array,
  BIGINT,
  BINARY,
  BOOLEAN,
  DATE,
  DOUBLE,
  decimal,
  FLOAT,
  type HiveType,
  INT,
  map,
  SMALLINT,
  STRING,
  TIMESTAMP,
  TINYINT,
} from '../types.ts'
import type { Cursor } from './cursor.ts'

const SIMPLE: Record<string, HiveType> = {
  BOOLEAN,
  TINYINT,
  SMALLINT,
  INT,
  INTEGER: INT,
  BIGINT,
  FLOAT,
  REAL: FLOAT,
  DOUBLE,
  STRING,
  DATE,
  TIMESTAMP,
  BINARY,
}

/** @throws HiveSyntaxError no such type; HiveSemanticError a precision or length that Hive does not allow */
export function dataType(cursor: Cursor): HiveType {
  const at = cursor.place
  const token = cursor.peek()
  const type = token.kind === 'word' ? SIMPLE[token.upper] : undefined
  if (type) {
    cursor.next()
    if (token.upper === 'DOUBLE') cursor.takes('PRECISION')
    return type
  }
  const name = cursor.takesOne('DECIMAL', 'DEC', 'NUMERIC', 'VARCHAR', 'CHAR', 'ARRAY', 'MAP', 'STRUCT', 'UNIONTYPE')
  switch (name) {
    case 'DECIMAL':
    case 'DEC':
    case 'NUMERIC': {
      const [precision = 10, scale = 0] = cursor.sees('(')
        ? cursor.parenthesized(() => cursor.integer('a number of digits'))
        : []
      if (precision < 1 || precision > 38 || scale > precision) {
        throw new HiveSemanticError(
          `decimal(${precision},${scale}): Hive allows a precision of 1 to 38 and a scale up to the precision`,
          at,
        )
      }
      return decimal(precision, scale)
    }
    case 'VARCHAR':
    case 'CHAR': {
      const [length = 0] = cursor.parenthesized(() => cursor.integer('a length'))
      const most = name === 'CHAR' ? 255 : 65535
      if (length < 1 || length > most) throw new HiveSemanticError(`${name}(${length}): the length is 1 to ${most}`, at)
      return { kind: name === 'CHAR' ? 'char' : 'varchar', length }
    }
    case 'ARRAY':
      return array(inAngles(cursor, () => dataType(cursor)))
    case 'MAP':
      return inAngles(cursor, () => {
        const key = dataType(cursor)
        cursor.expect(',')
        return map(key, dataType(cursor))
      })
    case 'STRUCT': {
      const field = () => {
        const fieldName = cursor.name('a field')
        cursor.expect(':')
        return { name: fieldName, type: dataType(cursor) }
      }
      return { kind: 'struct', fields: inAngles(cursor, () => cursor.list(field)) }
    }
    case 'UNIONTYPE':
      throw cursor.unsupported('UNIONTYPE', 'use a struct with one field for each alternative')
    default:
      throw cursor.unexpected('a type')
  }
}

function inAngles<T>(cursor: Cursor, inner: () => T): T {
  cursor.expect('<')
  const result = inner()
  cursor.expect('>')
  return result
}
