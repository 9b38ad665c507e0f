/** Why COPY refused a row: codes and texts of https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html */
import type { TableColumn } from './catalogue.ts'
import type { CopyStatement } from './copy-statement.ts'
import type { LoadError } from './errors.ts'
import type { StoredObject } from './objects.ts'
import type { SqlValue } from './result.ts'
import type { RedshiftType } from './types.ts'

/**
 * A refused row: `err` is the index of the column that does not convert; -1 the line has too few fields, -2 too many,
 * -3 the line as a whole is refused (blank, or not UTF-8).
 */
export interface RefusedRow extends Record<string, SqlValue> {
  line: string
  err: number
}

const RAW_LINE = 1024

export function explain(
  row: RefusedRow,
  object: StoredObject,
  columns: readonly TableColumn[],
  copy: CopyStatement,
): LoadError {
  const fields = columns.map((_, index) => row[`c${index}`] as string | null)
  const column = columns[Number(row.err)]
  const value = column ? (fields[Number(row.err)] ?? '') : ''
  const [code, reason] = column
    ? columnReason(column, row[`v${row.err}`] as string | null)
    : lineReason(Number(row.err), String(row.c0 ?? ''))
  const position = column
    ? fields.slice(0, Number(row.err)).reduce((sum, field) => sum + (field?.length ?? 0) + 1, 0)
    : 0
  const given = fields.filter((field) => field !== null)
  const rawLine = [...given, ...(row.extra === null ? [] : [row.extra as string])].join(copy.delimiter)
  return {
    fileName: object.uri,
    lineNumber: Number(row.line) + copy.ignoreHeader,
    columnName: column?.name ?? '',
    columnType: column ? typeWord(column.type) : '',
    columnLength: column ? lengthOf(column.type) : '',
    position,
    code,
    reason,
    rawLine: rawLine.startsWith('\x02') ? '' : rawLine.slice(0, RAW_LINE),
    rawValue: value.slice(0, RAW_LINE),
  }
}

function lineReason(error: number, first: string): [code: number, reason: string] {
  if (error === -1) return [1214, 'Delimiter not found']
  if (error === -2) return [1202, 'Extra column(s) found']
  if (first.startsWith('\x02U')) {
    const hex = (first.slice(2).match(/../g) ?? []).join(' ')
    return [1220, `String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: ${hex} (error 4)`]
  }
  return [1211, 'Input line contained no data']
}

function columnReason(column: TableColumn, value: string | null): [code: number, reason: string] {
  if (value === null) return [1213, 'Missing data for not-null field']
  switch (column.type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint': {
      const position =
        value.trim().search(/[^0-9]/) === 0 && /^[+-]\d/.test(value.trim())
          ? value.trim().slice(1).search(/\D/) + 1
          : value.trim().search(/\D/)
      const type = { smallint: 'Short', integer: 'Integer', bigint: 'Long' }[column.type.name]
      if (/^\s*[+-]?\d+\s*$/.test(value))
        return [1204, `Overflow for ${column.type.name}, Value '${value}', Type: ${type}`]
      return [
        1207,
        `Invalid digit, Value '${value.trim()[Math.max(position, 0)] ?? ''}', Pos ${Math.max(position, 0)}, Type: ${type}`,
      ]
    }
    case 'numeric':
      return /^\s*[+-]?[\d.]+\s*$/.test(value)
        ? [1204, `Overflow for NUMERIC(${column.type.length},${column.type.scale}), Value '${value}'`]
        : [
            1209,
            `Invalid digit, Value '${value.trim().match(/[^0-9.+-]/)?.[0] ?? value.trim()}', Pos ${Math.max(value.trim().search(/[^0-9.+-]/), 0)}, Type: Decimal`,
          ]
    case 'real':
    case 'double precision':
      return [1208, `Invalid float format, Value '${value}'`]
    case 'boolean':
      return [1210, 'Unknown boolean format']
    case 'date':
      return [
        1205,
        value.trim().length < 10
          ? 'Invalid Date Format - length must be 10 or more'
          : `Invalid Date Format, Value '${value}'`,
      ]
    case 'timestamp without time zone':
    case 'timestamp with time zone':
      return [1206, `Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS], Value '${value}'`]
    case 'character':
      if (Buffer.byteLength(value) !== value.length)
        return [1216, `Multibyte character not supported for CHAR (Hint: try using VARCHAR). Value '${value}'`]
      return [1204, 'String length exceeds DDL length']
    case 'character varying':
      return [1204, 'String length exceeds DDL length']
    default:
      return [1216, 'Invalid input line']
  }
}

function typeWord(type: RedshiftType): string {
  const words: Partial<Record<RedshiftType['name'], string>> = {
    character: 'char',
    'character varying': 'varchar',
    smallint: 'int2',
    integer: 'int4',
    bigint: 'int8',
  }
  return words[type.name] ?? type.name
}

function lengthOf(type: RedshiftType): string {
  if (type.name === 'numeric') return `${type.length}, ${type.scale ?? 0}`
  return type.length === undefined ? '0' : String(type.length)
}
