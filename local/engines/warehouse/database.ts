/** The thin side of DuckDB: imported on first use, one connection a session, rows as plain values. */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { SqlValue } from './result.ts'

export type Connection = DuckDBConnection

export interface DatabaseSettings {
  file: string
  /** Where DuckDB spills what does not fit into memory. */
  temp: string
  /** For example `1GB`. */
  memoryLimit: string
  threads: number
}

/** Opens or makes a database file. DuckDB itself is imported here, so that a cloud that never asks its warehouse never loads it. */
export async function openDatabase(settings: DatabaseSettings): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  return DuckDBInstance.create(settings.file, {
    memory_limit: settings.memoryLimit,
    threads: String(settings.threads),
    temp_directory: settings.temp,
  })
}

/** Settings that make DuckDB answer as Redshift does. */
export async function prepareConnection(connection: Connection): Promise<void> {
  for (const statement of [
    "SET search_path = 'public,redshift_system'",
    'SET integer_division = true',
    "SET default_null_order = 'nulls_last_on_asc_first_on_desc'",
    "SET TimeZone = 'UTC'",
    // Redshift promises no order of rows. And with an order to keep, DuckDB 1.5.6 loses rows (insert.ts).
    'SET preserve_insertion_order = false',
  ]) {
    await connection.run(statement)
  }
}

/** All rows of a small query, as objects. */
export async function query<Row extends Record<string, SqlValue>>(connection: Connection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRowObjectsJson() as unknown as Row[]
}
