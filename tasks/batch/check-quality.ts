/** The quality gate: every raw record of every quarter is either processed or in the quarantine, or nothing is loaded. */
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { executionSchema, quarterSchema, required } from '../task.ts'
import { archiveSchema } from './archive/archive.ts'
import { markProcessed, type QuarterCounts } from './archive/table.ts'
import { readCounts } from './hive/counts.ts'
import { runId } from './hive/run-id.ts'

export const handler = writer({
  name: 'CheckQuality',
  input: z.object({ execution: executionSchema, archives: z.array(archiveSchema), quarters: z.array(quarterSchema) }),
  environment: z.object({ PROCESSED_BUCKET: required, ARCHIVES_TABLE: required }),
  async run({ input: { execution, archives, quarters }, env, log }) {
    const counts = await readCounts(env.PROCESSED_BUCKET, runId(execution), quarters)
    for (const [quarter, tables] of counts) checkQuarter(quarter, tables, env.PROCESSED_BUCKET)
    for (const archive of archives) {
      const hive = counts.get(archive.quarter)
      if (hive) await markProcessed(env.ARCHIVES_TABLE, archive, hive)
    }
    log.info('Every raw record is accounted for', { quarters: counts.size })
    return { quarters: counts.size }
  },
})

/** @throws QualityError naming quarter, table and numbers, and where rejected records lie */
function checkQuarter(quarter: string, tables: QuarterCounts, processedBucket: string): void {
  for (const [table, { raw, rejected, processed, reasons = {} }] of Object.entries(tables)) {
    if (raw !== rejected + processed) {
      const difference = raw - rejected - processed
      throw new TaskError(
        'QualityError',
        `${table} of ${quarter} has ${raw} raw records, but ${processed} processed and ${rejected} rejected: ${Math.abs(difference)} ${difference > 0 ? 'are lost' : 'too many'}. Nothing was loaded.`,
      )
    }
    if (processed === 0) {
      throw new TaskError(
        'QualityError',
        `${table} of ${quarter} has no processed record: all ${raw} are rejected (${counted(reasons)}). Nothing was loaded. Each lies with its reason below s3://${processedBucket}/quarantine/${table}/quarter=${quarter}/; docs/mapping.md says what a layout's fields hold.`,
      )
    }
  }
}

/** `loan_identifier 30, date 1`: the commonest first. */
function counted(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  return sorted.map(([reason, records]) => `${reason} ${records}`).join(', ') || 'no reason given'
}
