/** What the report of a batch execution tells: records through every stage, by quarter and in all, and how long each state took. */
import type { ArchiveRow, HiveCounts } from '../archive/table.ts'

export interface OriginationCounts extends HiveCounts {
  /** Absent when no quarter was loaded there. */
  mysql?: number
  redshift?: number
}

export interface PerformanceCounts extends HiveCounts {
  redshift?: number
}

export interface Counts {
  origination: OriginationCounts
  performance: PerformanceCounts
}

export interface QuarterReport extends Counts {
  quarter: string
  layout: string
  loadedAt: string
}

export interface StateDuration {
  state: string
  /** Seconds since the execution started. */
  start: number
  seconds: number
}

export interface BatchReport {
  execution: { name: string; arn: string; startedAt: string }
  generatedAt: string
  /** Quarters that this execution loaded. */
  loadedNow: string[]
  /** Over all quarters loaded so far. */
  counts: Counts
  quarters: QuarterReport[]
  durations: StateDuration[]
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
        ...hive.origination,
        ...present('mysql', stores?.mysql?.origination),
        ...present('redshift', held.get(`origination|${quarter}`)),
      },
      performance: { ...hive.performance, ...present('redshift', held.get(`performance|${quarter}`)) },
    })
  }
  return reports
}

export function totals(quarters: QuarterReport[]): Counts {
  const none = { raw: 0, rejected: 0, processed: 0 }
  return {
    origination: quarters.reduce((sum, { origination }) => add(sum, origination), none as OriginationCounts),
    performance: quarters.reduce((sum, { performance }) => add(sum, performance), none as PerformanceCounts),
  }
}

function add<C extends HiveCounts>(sum: C, more: C): C {
  const result: Record<string, number> = Object.fromEntries(Object.entries(sum))
  for (const [name, value] of Object.entries(more)) result[name] = (result[name] ?? 0) + value
  return { ...sum, ...result }
}

const present = (name: string, value: number | undefined) => (value === undefined ? {} : { [name]: value })
