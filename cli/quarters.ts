/** What the batch workflow has loaded, quarter by quarter in its layout, beside what the truth files of the samples say. */
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { sampleTruths } from '../data/loans/ensure-archive.ts'
import type { RunResult } from './execution.ts'
import { count, table } from './format.ts'
import type { Output } from './output.ts'

const TABLES = ['origination', 'performance'] as const
const STAGES = ['raw', 'rejected', 'processed', 'mysql', 'redshift'] as const

const countsSchema = z.object({
  raw: z.number(),
  rejected: z.number(),
  processed: z.number(),
  // Absent where nothing was loaded.
  mysql: z.number().nullish(),
  redshift: z.number().nullish(),
})
const archivesSchema = z.object({
  found: z.number(),
  collected: z.number(),
  unchanged: z.number(),
  rejected: z.array(
    z.object({ quarter: z.string(), name: z.string(), error: z.string(), reason: z.string(), record: z.string() }),
  ),
})
const reportSchema = z.object({
  archives: archivesSchema.optional(),
  counts: z.object({ origination: countsSchema, performance: countsSchema }),
  quarters: z.array(
    z.object({ quarter: z.string(), layout: z.string(), origination: countsSchema, performance: countsSchema }),
  ),
})

const totalsSchema = z.object({ origination: countsSchema.optional(), performance: countsSchema.optional() })

/** Found = collected + unchanged + rejected. */
export type ArchiveCounts = z.output<typeof archivesSchema>
export type StageCounts = z.output<typeof countsSchema>

export interface QuarterCounts {
  quarter: string
  layout: string
  origination: StageCounts
  performance: StageCounts
  /** Whether raw, rejected and processed are what the truth file says; absent where the archive is no sample. */
  truth?: boolean
}

/**
 * What the report of a batch execution says of archives and of quarters, each quarter held against the truth file of its archive.
 * @param folder where the archives are that it was to load, all of them; without it nothing is held against truth files
 * @returns nothing when the execution wrote no report
 */
export async function reportOf(
  result: RunResult,
  s3: S3Client,
  folder?: string,
): Promise<{ quarters: QuarterCounts[]; archives?: ArchiveCounts }> {
  const { json } = (result.output?.report ?? {}) as { json?: unknown }
  const [, Bucket, Key] = (typeof json === 'string' && /^s3:\/\/([^/]+)\/(.+)$/.exec(json)) || []
  if (result.workflow !== 'batch' || !Bucket || !Key) return { quarters: [] }
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  const { quarters, archives } = reportSchema.parse(JSON.parse(await Body!.transformToString()))
  const truths = folder === undefined ? [] : await sampleTruths(folder)
  const held = quarters.map((found) => {
    const truth = truths.find(({ quarter, layout }) => quarter === found.quarter && layout === found.layout)
    if (!truth) return found
    const same = TABLES.every((name) =>
      (['raw', 'rejected', 'processed'] as const).every((stage) => found[name][stage] === truth.tables[name][stage]),
    )
    return { ...found, truth: same }
  })
  return { quarters: held, ...(archives && { archives }) }
}

/** Adds archives and quarters to a result that has some. */
export async function addReport(result: RunResult, s3: S3Client, folder?: string): Promise<void> {
  const { quarters, archives } = await reportOf(result, s3, folder)
  if (quarters.length > 0) result.quarters = quarters
  if (archives) result.archives = archives
}

/** The archives that were rejected, and why; nothing where none was. */
export function tellRejected(output: Output, { found, rejected }: ArchiveCounts): void {
  const { colors } = output
  if (rejected.length === 0) return
  output.line()
  output.line(`  ${colors.red(`${count(rejected.length)} of ${count(found)} archives rejected`)}`)
  for (const { quarter, error, reason, record } of rejected) {
    output.line(`  ${quarter}  ${colors.red(error)}  ${reason}`)
    output.line(colors.dim(`  ${' '.repeat(quarter.length)}  ${record}`))
  }
}

/** The quarters as a table, with the sum over all of them below. */
export function tellQuarters(output: Output, quarters: readonly QuarterCounts[], totals: unknown): void {
  const { colors } = output
  const all = totalsSchema.parse(totals)
  const cells = (counts: StageCounts) =>
    STAGES.map((stage) => {
      const value = counts[stage]
      return typeof value === 'number' ? count(value) : '-'
    })
  const rows = [
    ['', '', '', ...STAGES, ''],
    ...quarters.flatMap(({ quarter, layout, truth, ...counts }) =>
      TABLES.map((name, i) => [
        ...(i === 0 ? [quarter, layout] : ['', '']),
        name,
        ...cells(counts[name]),
        truth === undefined ? '' : truth ? '= truth' : '≠ truth',
      ]),
    ),
    ...TABLES.flatMap((name, i) => {
      const counts = all[name]
      return counts ? [[i === 0 ? 'all' : '', '', name, ...cells(counts), '']] : []
    }),
  ]
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const aligned = rows.map((row) =>
    row.map((cell, i) => (i < 3 || i === row.length - 1 ? cell : cell.padStart(widths[i]!))),
  )
  for (const line of table(aligned)) {
    const colored = line.replace('= truth', colors.green('= truth')).replace('≠ truth', colors.red('≠ truth'))
    output.line(`  ${colored}`)
  }
}
