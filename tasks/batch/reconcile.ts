/**
 * Compares, quarter by quarter, the rows that Hive processed with those in every store that was loaded. Only then does a quarter count as
 * loaded, so a difference is loaded anew by the next execution.
 */
import { z } from 'zod'
import countRows from '../../sql/redshift/counts.sql'
import { TaskError } from '../errors.ts'
import { quotedList, render, statements } from '../script.ts'
import { quarterSchema, required, task } from '../task.ts'
import { archiveSchema, identity } from './archive/archive.ts'
import { storesSchema } from './archive/plan.ts'
import { archiveRows, markLoaded, type QuarterCounts, type StoreRows } from './archive/table.ts'
import { query, redshiftEnvironment } from './redshift/data-api.ts'

type Store = keyof StoreRows
type StoreCounts = Map<string, { origination?: number; performance?: number }>

export const handler = task({
  name: 'Reconcile',
  input: z.object({
    archives: z.array(archiveSchema),
    quarters: z.array(quarterSchema).min(1),
    stores: storesSchema,
    /** Rows of origination by quarter, as SwapMysql counted them; null when MySQL was left out. */
    mysqlCounts: z.record(quarterSchema, z.number()).nullable(),
  }),
  environment: redshiftEnvironment.extend({ ARCHIVES_TABLE: required }),
  async run({ input: { archives, quarters, stores, mysqlCounts }, env, log, signal }) {
    const rows = new Map((await archiveRows(env.ARCHIVES_TABLE)).map((row) => [row.quarter, row]))
    const counted = new Map<Store, StoreCounts>()
    if (stores.mysql) {
      counted.set('mysql', new Map(quarters.map((quarter) => [quarter, { origination: mysqlCounts?.[quarter] ?? 0 }])))
    }
    if (stores.redshift) {
      const [sql = ''] = statements(render(countRows, { QUARTERS: quotedList(quarters) }))
      counted.set('redshift', redshiftCounts(await query(env, 'Reconcile', sql, signal), quarters))
    }

    for (const archive of archives) {
      const row = rows.get(archive.quarter)
      if (!row?.hive)
        throw new TaskError(
          'ReconciliationError',
          `${archive.quarter} is to be reconciled, but Hive's counts of it are not in ${env.ARCHIVES_TABLE}.`,
        )
      // A store that this execution leaves out still holds what an earlier one put there, if the archive is the same.
      const held: StoreRows = row.loaded === identity(archive) ? { ...row.stores } : {}
      for (const [store, counts] of counted)
        held[store] = compare(archive.quarter, store, row.hive, counts.get(archive.quarter) ?? {})
      await markLoaded(env.ARCHIVES_TABLE, archive, held)
    }
    log.info('All stores hold the same rows', { quarters: quarters.length, stores: [...counted.keys()] })
    return { quarters: quarters.length }
  },
})

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

function redshiftCounts(rows: Record<string, unknown>[], quarters: string[]): StoreCounts {
  const counts: StoreCounts = new Map(quarters.map((quarter) => [quarter, { origination: 0, performance: 0 }]))
  for (const { table_name, quarter, row_count } of rows) {
    const tables = counts.get(String(quarter))
    if (tables) tables[table_name as 'origination'] = Number(row_count)
  }
  return counts
}
