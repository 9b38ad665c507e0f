/** What a statement gives back. */
import type { DuckDBResult } from '@duckdb/node-api'
import { type RedshiftType, typeOfDuck } from './types.ts'

/**
 * Integers, reals and booleans come as themselves (a BIGINT beyond 2^53 as a bigint), numerics as text with their scale, dates and timestamps as
 * Redshift prints them, VARBYTE as bytes.
 */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null

export interface ResultColumn {
  name: string
  type: RedshiftType
}

export interface StatementResult {
  /** The statement's first words in capitals: `SELECT`, `CREATE TABLE`, `COPY`. */
  command: string
  /** Rows returned, or rows that were inserted, changed or deleted. */
  rowCount: number
  /** Only statements that return rows have columns. */
  columns?: ResultColumn[]
  /** The rows, unless a sink took them. */
  rows?: SqlValue[][]
}

/** Takes rows as they come, a batch at a time; nothing is kept in memory. */
export type RowSink = (rows: SqlValue[][]) => void | Promise<void>

/** Redshift's names: lower case, and the function's name for a bare call. */
export function resultColumns(result: DuckDBResult): ResultColumn[] {
  return result.columnNames().map((name, index) => ({
    name: columnLabel(name),
    type: typeOfDuck(String(result.columnType(index))),
  }))
}

function columnLabel(name: string): string {
  if (name === 'count_star()') return 'count'
  const call = /^"?(\w+)"?\(/.exec(name)
  if (call) return (call[1] as string).toLowerCase()
  return /^[\w #$.-]+$/.test(name) && !/^\d/.test(name) ? name.toLowerCase() : '?column?'
}

/** DuckDB's JSON form of a value (texts for everything it cannot put into JSON) as Redshift's. */
export function toSqlValue(value: unknown, type: RedshiftType): SqlValue {
  if (value === null || value === undefined) return null
  switch (type.name) {
    case 'smallint':
    case 'integer':
    case 'bigint': {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : BigInt(value as string)
    }
    case 'real':
    case 'double precision':
      return Number(value)
    case 'boolean':
      return value as boolean
    case 'varbyte':
      return Buffer.from(
        String(value).replace(/\\x([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
        'latin1',
      )
    case 'timestamp with time zone':
      return String(value).replace(/\+00:00$/, '+00')
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value)
  }
}
