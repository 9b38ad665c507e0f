/** What CountRecords wrote: records of each quarter and table, raw, rejected and processed, why they were rejected, and what the columns hold. */
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { TaskError } from '../../errors.ts'
import type { Table } from '../archive/layout.ts'
import { lineLength, rowsOf } from '../archive/measures.ts'
import type { HiveCounts, QuarterCounts } from '../archive/table.ts'
import { isDataFile } from './data-file.ts'

const s3 = new S3Client({})

/**
 * @param run of {@link import('./run-id.ts').runId}
 * @throws QualityError when a quarter has no line, or a line is not `table_name|quarter|raw|rejected|processed`
 */
export async function readCounts(bucket: string, run: string, quarters: string[]): Promise<Map<string, QuarterCounts>> {
  const counts = `counts/run=${run}/`
  const rejects = `counts/rejects/run=${run}/`
  const whole = parseCounts(await readLines(bucket, counts), quarters, `s3://${bucket}/${counts}`)
  addReasons(whole, await readLines(bucket, rejects), `s3://${bucket}/${rejects}`)
  for (const table of ['origination', 'performance'] as const) {
    const prefix = `counts/${table}/run=${run}/`
    addMeasures(whole, table, await readLines(bucket, prefix), `s3://${bucket}/${prefix}`)
  }
  return whole
}

async function readLines(bucket: string, Prefix: string): Promise<string[]> {
  const lines: string[] = []
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix })) {
    for (const object of (page.Contents ?? []).filter(isDataFile)) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: object.Key }))
      lines.push(...((await Body?.transformToString()) ?? '').split('\n').filter((line) => line !== ''))
    }
  }
  return lines
}

function parseCounts(lines: string[], quarters: string[], place: string): Map<string, QuarterCounts> {
  const counts = new Map<string, Partial<QuarterCounts>>()
  for (const line of lines) {
    const match = /^(origination|performance)\|(\d{4}Q[1-4])\|(\d+)\|(\d+)\|(\d+)$/.exec(line)
    if (!match)
      throw new TaskError(
        'QualityError',
        `${place} has a line that is not table_name|quarter|raw|rejected|processed: "${line}".`,
      )
    const [, table, quarter = '', raw, rejected, processed] = match
    const row: HiveCounts = { raw: Number(raw), rejected: Number(rejected), processed: Number(processed) }
    counts.set(quarter, { ...counts.get(quarter), [table as 'origination']: row })
  }
  const whole = new Map<string, QuarterCounts>()
  for (const quarter of quarters) {
    const { origination, performance } = counts.get(quarter) ?? {}
    if (!origination || !performance) {
      throw new TaskError(
        'QualityError',
        `${place} counts no ${origination ? 'performance' : 'origination'} of ${quarter}. See the log of the step CountRecords.`,
      )
    }
    whole.set(quarter, { origination, performance })
  }
  return whole
}

/**
 * Adds the reasons (`table_name|quarter|reason|records`) to what was rejected.
 * @throws QualityError when they do not add up to the rejected records
 */
function addReasons(counts: Map<string, QuarterCounts>, lines: string[], place: string): void {
  for (const line of lines) {
    const match = /^(origination|performance)\|(\d{4}Q[1-4])\|(\w+)\|(\d+)$/.exec(line)
    if (!match)
      throw new TaskError(
        'QualityError',
        `${place} has a line that is not table_name|quarter|reason|records: "${line}".`,
      )
    const [, table, quarter = '', reason = '', records] = match
    const row = counts.get(quarter)?.[table as 'origination']
    if (row) row.reasons = { ...row.reasons, [reason]: Number(records) }
  }
  for (const [quarter, tables] of counts) {
    for (const [table, { rejected, reasons }] of Object.entries(tables)) {
      const sum = Object.values(reasons ?? {}).reduce((total, records) => total + records, 0)
      if (lines.length > 0 && sum !== rejected) {
        throw new TaskError(
          'QualityError',
          `${table} of ${quarter} has ${rejected} rejected records, but ${place} gives reasons for ${sum}.`,
        )
      }
    }
  }
}

/**
 * Adds what the columns hold (the quarter, then a line of measures.ts).
 * @throws QualityError when a line has other columns, or tells other rows than were counted
 */
function addMeasures(counts: Map<string, QuarterCounts>, table: Table, lines: string[], place: string): void {
  for (const line of lines) {
    const [quarter = '', ...values] = line.split('|')
    const row = counts.get(quarter)?.[table]
    if (!row) continue
    const measures = values.join('|')
    if (values.length !== lineLength(table) || rowsOf(measures) !== row.processed) {
      throw new TaskError(
        'QualityError',
        `${place} measures ${values.length} values and ${values[0]} rows of ${table} in ${quarter}, but there are ${lineLength(table)} and ${row.processed}. Compare hql/count-records.hql with tasks/batch/archive/measures.ts.`,
      )
    }
    row.measures = measures
  }
}
