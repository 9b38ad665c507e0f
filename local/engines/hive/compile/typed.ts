/** What an expression becomes: DuckDB's SQL and Hive's type. */
import type { HiveType } from '../types.ts'

export interface Typed {
  readonly sql: string
  readonly type: HiveType
  /** The value of a string or number that is known before the query runs. */
  readonly literal?: string | undefined
}

export interface Column {
  readonly name: string
  readonly type: HiveType
}

/** A string literal of DuckDB. */
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** An identifier of DuckDB. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
