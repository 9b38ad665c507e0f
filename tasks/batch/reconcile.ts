/**
 * Compares, quarter by quarter, the rows that Hive processed and what their columns hold with every store that was loaded. Only then does a quarter
 * count as loaded, so a difference is loaded anew by the next execution. The warehouse measures some quarters at a time: those that were compared
 * stay loaded when a later one differs, or when the time is up.
 */
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { quotedList } from '../script.ts'
import { quarterSchema, required } from '../task.ts'
import { archiveSchema, identity } from './archive/archive.ts'
import type { Table } from './archive/layout.ts'
import { emptyLine, measuresQuery } from './archive/measures.ts'
import { recordMetrics } from './archive/metrics.ts'
import { storesSchema } from './archive/plan.ts'
import { compare, linesOf, type Measured, type Store } from './archive/reconciliation.ts'
import { archiveRows, markLoaded, type QuarterCounts, type StoreRows } from './archive/table.ts'
import { query, type Row, redshiftEnvironment } from './redshift/data-api.ts'

/** Three years: enough for one query to be worth it, and a fraction of the time that a function has. */
const QUARTERS_AT_ONCE = 12

export const handler = writer({
  name: 'Reconcile',
  input: z.object({
    archives: z.array(archiveSchema),
    quarters: z.array(quarterSchema).min(1),
    stores: storesSchema,
    /** Origination by quarter, as MeasureMysql found it; null when MySQL was left out. */
    mysqlMeasures: z.record(quarterSchema, z.string()).nullable(),
  }),
  environment: redshiftEnvironment.extend({ ARCHIVES_TABLE: required }),
  async run({ input: { archives, quarters, stores, mysqlMeasures }, env, log, signal }) {
    const rows = new Map((await archiveRows(env.ARCHIVES_TABLE)).map((row) => [row.quarter, row]))
    const measured = new Map<Store, (quarter: string) => Measured>()
    if (stores.mysql)
      measured.set('mysql', (quarter) => ({ origination: mysqlMeasures?.[quarter] ?? emptyLine('origination') }))

    const loaded: QuarterCounts[] = []
    for (let at = 0; at < archives.length; at += QUARTERS_AT_ONCE) {
      const some = archives.slice(at, at + QUARTERS_AT_ONCE)
      if (stores.redshift) {
        const names = some.map(({ quarter }) => quarter)
        measured.set('redshift', await inRedshift(names, (sql) => query(env, 'Reconcile', sql, signal)))
      }
      for (const archive of some) {
        const row = rows.get(archive.quarter)
        if (!row?.hive)
          throw new TaskError(
            'ReconciliationError',
            `${archive.quarter} is to be reconciled, but Hive's counts of it are not in ${env.ARCHIVES_TABLE}.`,
          )
        // A store that this execution leaves out still holds what an earlier one put there, if the archive is the same.
        const held: StoreRows = row.loaded === identity(archive) ? { ...row.stores } : {}
        for (const [store, measures] of measured)
          held[store] = compare(archive.quarter, store, row.hive, measures(archive.quarter))
        await markLoaded(env.ARCHIVES_TABLE, archive, held)
        loaded.push(row.hive)
      }
    }
    // Not with console.log: Lambda puts the time and the request before its lines, and then CloudWatch finds no metrics in them.
    for (const line of recordMetrics(loaded, new Date())) process.stdout.write(`${line}\n`)
    log.info('All stores hold the same rows', { quarters: quarters.length, stores: [...measured.keys()] })
    return { quarters: quarters.length }
  },
})

/** @param ask runs one SELECT */
async function inRedshift(quarters: string[], ask: (sql: string) => Promise<Row[]>) {
  const measure = async (table: Table) =>
    linesOf(table, await ask(measuresQuery(table, 'redshift', quotedList(quarters))), quarters)
  const [origination, performance] = [await measure('origination'), await measure('performance')]
  return (quarter: string): Measured => ({
    origination: origination.get(quarter) ?? emptyLine('origination'),
    performance: performance.get(quarter) ?? emptyLine('performance'),
  })
}
