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
import { compare, redshiftCounts, type Store, type StoreCounts } from './archive/reconciliation.ts'
import { archiveRows, markLoaded, type StoreRows } from './archive/table.ts'
import { query, redshiftEnvironment } from './redshift/data-api.ts'

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
