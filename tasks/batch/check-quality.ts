/** The quality gate: every raw record of every quarter is either processed or in the quarantine, most of them processed, or nothing is loaded. */
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { executionSchema, quarterSchema, required } from '../task.ts'
import { archiveSchema } from './archive/archive.ts'
import { markProcessed, type QuarterCounts } from './archive/table.ts'
import { readCounts } from './hive/counts.ts'
import { runId } from './hive/run-id.ts'

/** A store must not be left with the smaller part of a quarter because a release has a code, or a column, that nobody knows yet. */
const MOST_REJECTED = 0.5

const MOST_FAULTS = 5
const MOST_SOUND = 20

export const handler = writer({
  name: 'CheckQuality',
  input: z.object({ execution: executionSchema, archives: z.array(archiveSchema), quarters: z.array(quarterSchema) }),
  environment: z.object({ PROCESSED_BUCKET: required, ARCHIVES_TABLE: required }),
  async run({ input: { execution, archives, quarters }, env, log }) {
    const counts = await readCounts(env.PROCESSED_BUCKET, runId(execution), quarters)
    const faults = new Map<string, string>()
    for (const [quarter, tables] of counts) {
      const fault = faultOf(quarter, tables, env.PROCESSED_BUCKET)
      if (fault) faults.set(quarter, fault)
    }
    // What Hive did of the others is kept, whatever becomes of this execution.
    const sound: string[] = []
    for (const archive of archives) {
      const hive = counts.get(archive.quarter)
      if (!hive || faults.has(archive.quarter)) continue
      await markProcessed(env.ARCHIVES_TABLE, archive, hive)
      sound.push(archive.quarter)
    }
    if (faults.size > 0) throw new TaskError('QualityError', told([...faults.values()], sound))
    log.info('Every raw record is accounted for', { quarters: counts.size })
    return { quarters: counts.size }
  },
})

/** What is wrong with a quarter: table, numbers, and where rejected records lie; undefined when every record is accounted for. */
function faultOf(quarter: string, tables: QuarterCounts, processedBucket: string): string | undefined {
  for (const [table, { raw, rejected, processed, reasons = {} }] of Object.entries(tables)) {
    if (raw !== rejected + processed) {
      const difference = raw - rejected - processed
      return `${table} of ${quarter} has ${raw} raw records, but ${processed} processed and ${rejected} rejected: ${Math.abs(difference)} ${difference > 0 ? 'are lost' : 'too many'}.`
    }
    if (processed === 0 || rejected > MOST_REJECTED * raw) {
      return `${rejected} of ${raw} records of ${table} in ${quarter} are rejected (${counted(reasons)}), which is no archive with some dirt in it. Each lies with its reason below s3://${processedBucket}/quarantine/${table}/quarter=${quarter}/; docs/mapping.md says what a layout's fields hold.`
    }
  }
  return undefined
}

/** A handful of faults, and what can be done about the rest. */
function told(faults: string[], sound: string[]): string {
  const shown = faults.slice(0, MOST_FAULTS).join(' ')
  const more = faults.length > MOST_FAULTS ? ` ${faults.length - MOST_FAULTS} other quarters are at fault too.` : ''
  const others = JSON.stringify(sound.slice(0, MOST_SOUND)).replace(/\]$/, sound.length > MOST_SOUND ? ',…]' : ']')
  const rest = sound.length > 0 ? ` An execution with the input {"quarters":${others}} loads the others.` : ''
  return `${shown}${more} Nothing was loaded.${rest}`
}

/** `loan_identifier 30, date 1`: the commonest first. */
function counted(reasons: Record<string, number>): string {
  const sorted = Object.entries(reasons).sort(([, a], [, b]) => b - a)
  return sorted.map(([reason, records]) => `${reason} ${records}`).join(', ') || 'no reason given'
}
