/** Comparing the stores: the rows of each quarter and table, in Hive's count and in each store. */
import { TaskError } from '../../errors.ts'
import type { QuarterCounts, StoreRows } from './table.ts'

export type Store = keyof StoreRows
/** Rows by table, by quarter. */
export type StoreCounts = Map<string, { origination?: number; performance?: number }>

/** @throws ReconciliationError naming quarter, table, store and both values */
export function compare(
  quarter: string,
  store: Store,
  hive: QuarterCounts,
  held: NonNullable<StoreRows[Store]>,
): NonNullable<StoreRows[Store]> {
  for (const [table, rows] of Object.entries(held)) {
    const { processed } = hive[table as keyof QuarterCounts]
    if (rows !== processed) {
      throw new TaskError(
        'ReconciliationError',
        `${table} of ${quarter} has ${processed} rows processed by Hive, but ${rows} rows in ${store}. The quarter does not count as loaded; a new execution loads it again.`,
      )
    }
  }
  return held
}

/** Redshift's own count (`table_name`, `quarter`, `row_count`) by quarter; a quarter that it does not name has no rows. */
export function redshiftCounts(rows: Record<string, unknown>[], quarters: string[]): StoreCounts {
  const counts: StoreCounts = new Map(quarters.map((quarter) => [quarter, { origination: 0, performance: 0 }]))
  for (const { table_name, quarter, row_count } of rows) {
    const tables = counts.get(String(quarter))
    if (tables) tables[table_name as 'origination'] = Number(row_count)
  }
  return counts
}
