/** Comparing the stores: each quarter and table as Hive measured it and as each store does. */
import { TaskError } from '../../errors.ts'
import type { Table } from './layout.ts'
import { difference, emptyLine, lineOf, rowsOf } from './measures.ts'
import type { QuarterCounts, StoreRows } from './table.ts'

export type Store = keyof StoreRows
/** A line of measures by table. */
export type Measured = Partial<Record<Table, string>>

/**
 * @returns the rows of each table that the store holds
 * @throws ReconciliationError naming quarter, table, column, store and both values
 */
export function compare(
  quarter: string,
  store: Store,
  hive: QuarterCounts,
  held: Measured,
): NonNullable<StoreRows[Store]> {
  const rows: NonNullable<StoreRows[Store]> = {}
  for (const table of ['origination', 'performance'] as const) {
    const found = held[table]
    if (found === undefined) continue
    rows[table] = rowsOf(found)
    const { processed, measures } = hive[table]
    if (rows[table] !== processed) {
      fail(`${table} of ${quarter} has ${processed} rows processed by Hive, but ${rows[table]} rows in ${store}.`)
    }
    // Quarters that were processed before columns were measured have counts only.
    const first = measures === undefined ? undefined : difference(table, measures, found)
    if (first) {
      fail(
        `${table} of ${quarter} differs in ${first.what}: ${first.expected} as processed by Hive, ${first.found} in ${store}.`,
      )
    }
  }
  return rows
}

function fail(message: string): never {
  throw new TaskError(
    'ReconciliationError',
    `${message} The quarter does not count as loaded; a new execution loads it again.`,
  )
}

/** Redshift's own measures (`quarter`, `m0`, …) as lines by quarter; a quarter that it does not name has no rows. */
export function linesOf(table: Table, rows: Record<string, unknown>[], quarters: string[]): Map<string, string> {
  const lines = new Map(quarters.map((quarter) => [quarter, emptyLine(table)]))
  for (const row of rows) lines.set(String(row.quarter), lineOf(table, row))
  return lines
}
