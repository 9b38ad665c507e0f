/** What the report of a batch execution tells: records through every stage, by quarter and in all, and how long each state took. */
import type { StateDuration } from '../../report/durations.ts'
import type { ArchiveCounts } from '../archive/rejection.ts'
import type { ArchiveRow, HiveCounts } from '../archive/table.ts'
import type { Analysis } from './analysis.ts'

/** Records of one table through the stages. A store is absent when nothing was loaded there. */
export interface TableCounts extends HiveCounts {
  mysql?: number
  redshift?: number
}

export interface Counts {
  origination: TableCounts
  performance: TableCounts
}

export interface QuarterReport extends Counts {
  quarter: string
  layout: string
  loadedAt: string
}

export interface BatchReport {
  execution: { name: string; arn: string; startedAt: string }
  generatedAt: string
  /** Quarters that this execution loaded. */
  loadedNow: string[]
  /** What became of the archives that the source lists. */
  archives: ArchiveCounts
  /** Over all quarters loaded so far. */
  counts: Counts
  quarters: QuarterReport[]
  durations: StateDuration[]
  /** Absent where nothing is in the warehouse. */
  analysis?: Analysis
}

/**
 * The quarters that are loaded, by what each stage counted.
 * @param redshift rows of the warehouse's own count (`table_name`, `quarter`, `row_count`)
 */
export function quarterReports(rows: ArchiveRow[], redshift: Record<string, unknown>[]): QuarterReport[] {
  const held = new Map(redshift.map((row) => [`${row.table_name}|${row.quarter}`, Number(row.row_count)]))
  const reports: QuarterReport[] = []
  for (const { quarter, hive, loaded, stores, layout = '', loadedAt = '' } of rows) {
    if (!hive || loaded === undefined) continue
    reports.push({
      quarter,
      layout,
      loadedAt,
      origination: {
        ...counted(hive.origination),
        ...present('mysql', stores?.mysql?.origination),
        ...present('redshift', held.get(`origination|${quarter}`)),
      },
      performance: { ...counted(hive.performance), ...present('redshift', held.get(`performance|${quarter}`)) },
    })
  }
  return reports
}

/** Without the measures of columns, which are for machines. */
function counted({ measures: _, ...counts }: HiveCounts): HiveCounts {
  return counts
}

export function totals(quarters: QuarterReport[]): Counts {
  const none: TableCounts = { raw: 0, rejected: 0, processed: 0 }
  return {
    origination: quarters.reduce((sum, { origination }) => add(sum, origination), none),
    performance: quarters.reduce((sum, { performance }) => add(sum, performance), none),
  }
}

/** The counts without the reasons: what an execution ends with. */
export function amounts({ origination, performance }: Counts): Counts {
  const { reasons: _of, ...originations } = origination
  const { reasons: _for, ...performances } = performance
  return { origination: originations, performance: performances }
}

function add(sum: TableCounts, more: TableCounts): TableCounts {
  const reasons = { ...sum.reasons }
  for (const [reason, records] of Object.entries(more.reasons ?? {})) reasons[reason] = (reasons[reason] ?? 0) + records
  return {
    raw: sum.raw + more.raw,
    rejected: sum.rejected + more.rejected,
    processed: sum.processed + more.processed,
    ...present('mysql', plus(sum.mysql, more.mysql)),
    ...present('redshift', plus(sum.redshift, more.redshift)),
    ...(Object.keys(reasons).length > 0 ? { reasons } : {}),
  }
}

const plus = (a: number | undefined, b: number | undefined) =>
  a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)

const present = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value })
