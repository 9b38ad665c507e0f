/**
 * Writes the report of an execution, as JSON and as a page, gives the counts that the execution ends with, and gives the workflow's lock back: nothing
 * is changed after it.
 */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import countRows from '../../sql/redshift/counts.sql'
import { TaskError } from '../errors.ts'
import { releaseLock } from '../jobs/lock.ts'
import { durations } from '../report/durations.ts'
import { quotedList, render, statements } from '../script.ts'
import { executionSchema, quarterSchema, required, task } from '../task.ts'
import { storesSchema } from './archive/plan.ts'
import { type ArchiveCounts, archiveCountsSchema, rejectionCause } from './archive/rejection.ts'
import { type ArchiveRow, archiveRows } from './archive/table.ts'
import { runId } from './hive/run-id.ts'
import { query, redshiftEnvironment } from './redshift/data-api.ts'
import { analyse } from './report/analysis.ts'
import { amounts, type BatchReport, quarterReports, totals } from './report/model.ts'
import { page } from './report/page.ts'

const environment = redshiftEnvironment.extend({
  ARCHIVES_TABLE: required,
  REPORTS_BUCKET: required,
  LOCKS_TABLE: required,
})

const s3 = new S3Client({})

export const handler = task({
  name: 'Report',
  input: z.object({
    execution: executionSchema,
    quarters: z.array(quarterSchema),
    stores: storesSchema,
    archives: archiveCountsSchema,
  }),
  environment,
  async run({ input: { execution, quarters: loadedNow, stores, archives }, env, log, signal }) {
    checkArchives(archives)
    const rows = await archiveRows(env.ARCHIVES_TABLE)
    const inWarehouse = stores.redshift ? rows.filter((row) => row.loaded && row.stores?.redshift) : []
    const quarters = quarterReports(rows, await warehouseCounts(inWarehouse, env, signal))
    const held = inWarehouse.map((row) => row.quarter)
    const report: BatchReport = {
      execution,
      generatedAt: new Date().toISOString(),
      loadedNow,
      archives,
      counts: totals(quarters),
      quarters,
      durations: await durations(execution.arn),
      ...(held.length > 0 && { analysis: await analyse(held, (sql) => query(env, 'Report', sql, signal)) }),
    }

    const prefix = `batch/${runId(execution)}/`
    const put = async (name: string, ContentType: string, Body: string) => {
      await s3.send(new PutObjectCommand({ Bucket: env.REPORTS_BUCKET, Key: prefix + name, Body, ContentType }))
      return `s3://${env.REPORTS_BUCKET}/${prefix}${name}`
    }
    const json = await put('report.json', 'application/json', `${JSON.stringify(report, null, 2)}\n`)
    const html = await put('report.html', 'text/html; charset=utf-8', page(report))
    await releaseLock(env.LOCKS_TABLE, execution.arn)
    log.info('Wrote the report', { html, quarters: quarters.length })
    const rejected = archives.rejected.length
    return {
      counts: amounts(report.counts),
      loaded: loadedNow,
      archives: { ...archives, rejected },
      report: { html, json },
      // What the execution ends with, once it is over in every other respect.
      ...(rejected > 0 && { failure: { Error: 'ArchivesRejected', Cause: rejectionCause(archives) } }),
    }
  },
})

/** @throws ArchivesUnaccounted when an archive that the source lists has become nothing */
export function checkArchives({ found, collected, unchanged, rejected }: ArchiveCounts): void {
  if (found === collected + unchanged + rejected.length) return
  throw new TaskError(
    'ArchivesUnaccounted',
    `The source lists ${found} archives, but ${collected} were collected, ${unchanged} are unchanged and ${rejected.length} were rejected. Look into the execution's history.`,
  )
}

async function warehouseCounts(rows: ArchiveRow[], env: z.output<typeof environment>, signal: AbortSignal) {
  if (rows.length === 0) return []
  const [sql = ''] = statements(render(countRows, { QUARTERS: quotedList(rows.map((row) => row.quarter)) }))
  return query(env, 'Report', sql, signal)
}
