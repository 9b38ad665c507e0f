/**
 * All quarters at once, as large as they come: what states hand to each other, the history, and what they say to EMR and Redshift must
 * stay below limits of AWS that no run of sample data comes near.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COLUMNS, expressions, measuresQuery } from '../../../tasks/batch/archive/measures.ts'
import { archivesOf, planOf } from '../../../tasks/batch/archive/plan.ts'
import type { Rejection } from '../../../tasks/batch/archive/rejection.ts'
import { partsOf } from '../../../tasks/batch/mysql/part-lines.ts'
import { quotedList, render, statements } from '../../../tasks/script.ts'
import { type Play, run } from './run.ts'

const KIB = 1024
/** https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html */
const MOST_PAYLOAD = 256 * KIB
const MOST_EVENTS = 25_000
/** https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html#data-api-calling-considerations */
const MOST_STATEMENT = 100 * KIB
const MOST_STATEMENTS = 40

/** 1999Q1 to 2025Q4. */
const quarters = Array.from({ length: 108 }, (_, i) => `${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`)
const files = quarters.map((quarter) => ({
  name: `historical_data_${quarter}.zip`,
  size: 1_234_567_890,
  checksum: `sha256:${'9f86d081'.repeat(8)}`,
}))
const stores = { mysql: true, redshift: true }
const plan = planOf(archivesOf(files), [], stores)

/** The largest quarters: a million loans each, in export files of Hive's that are cut into parts of 32 MiB. */
const loads = quarters.flatMap((quarter) =>
  partsOf(1_000_000 * 153, 32 * KIB * KIB).map((part) => ({
    parts: [{ quarter, key: `export/origination/quarter=${quarter}/000107_0`, ...part }],
  })),
)

/** A quarter of which every column says as much as it can: names of sixty letters, sums of a million. */
const widest = expressions('origination', 'hive').map((expression) =>
  expression.startsWith('count') ? '1000000' : /(seller_name)/.test(expression) ? 'W'.repeat(60) : '123456789012345.00',
)
const measures = Object.fromEntries(quarters.map((quarter) => [quarter, widest.join('|')]))

const step = () => ({ stepId: 's-0123456789ABC', clusterId: 'j-0123456789ABC' })
const counts = Object.fromEntries(
  ['origination', 'performance'].map((table) => [
    table,
    { raw: 1e9, rejected: 1e9, processed: 1e9, mysql: 1e9, redshift: 1e9 },
  ]),
)

const functions = (more: Record<string, Play> = {}): Record<string, Play> => ({
  ListArchives: () => plan,
  CollectQuarter: ({ archive }) => ({ quarter: archive.quarter, collected: true, layout: 'release2018' }),
  ClearQuarters: () => ({ removed: 100_000 }),
  CreateCluster: () => ({ clusterId: 'j-0123456789ABC' }),
  CreateTables: step,
  ProcessOrigination: step,
  ProcessPerformance: step,
  CountRecords: step,
  CheckQuality: () => ({ quarters: quarters.length }),
  TerminateCluster: () => ({ clusters: ['j-0123456789ABC'] }),
  PrepareMysql: () => ({ statements: 9 }),
  ListExportFiles: () => ({ loads }),
  LoadMysql: () => ({ records: 250_000 }),
  SwapMysql: ({ quarter }) => ({ quarter, rows: 1_000_000 }),
  MeasureMysql: () => ({ measures }),
  PrepareRedshift: () => ({ statements: 3 }),
  LoadRedshift: () => ({ statementId: '12345678-1234-1234-1234-123456789012:2' }),
  Reconcile: () => ({ quarters: quarters.length }),
  Report: () => ({ counts, loaded: quarters, report: {} }),
  NotifyFailure: ({ failure }) => ({ cause: failure.Cause }),
  ...more,
})

/** The longest text in it, which is an input, an output or a variable. */
function longest(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  return value && typeof value === 'object' ? Math.max(0, ...Object.values(value).map(longest)) : 0
}

describe('a run of all quarters at once', () => {
  it('hands on less than a state may, in a history with room for retries', async () => {
    const { status, calls, events } = await run('batch', functions())
    expect(status).toBe('SUCCEEDED')
    expect(calls.filter(({ name }) => name === 'LoadMysql')).toHaveLength(loads.length)
    expect(longest(events)).toBeLessThan(MOST_PAYLOAD * 0.9)
    expect(events.length).toBeLessThan(MOST_EVENTS / 2)
  }, 30_000)

  it('hands on less than a state may when every archive but one is rejected', async () => {
    const rejected = (archive: (typeof plan.archives)[number]): Rejection => ({
      ...archive,
      error: 'ArchiveCorrupt',
      reason: 'x'.repeat(500),
      location: `s3://${'b'.repeat(63)}/quarantine/archives/quarter=${archive.quarter}/${'x'.repeat(120)}`,
      record: `s3://${'b'.repeat(63)}/quarantine/archives/quarter=${archive.quarter}/${'x'.repeat(120)}/rejection.json`,
      rejectedAt: new Date().toISOString(),
    })
    const CollectQuarter: Play = ({ archive }) =>
      archive.quarter === quarters[0]
        ? { quarter: archive.quarter, collected: true }
        : { quarter: archive.quarter, collected: false, rejected: rejected(archive) }
    const { calls, events } = await run(
      'batch',
      functions({ CollectQuarter, ListExportFiles: () => ({ loads: loads.slice(0, 5) }) }),
    )
    expect(calls.find(({ name }) => name === 'Report')?.payload.archives.rejected).toHaveLength(107)
    expect(longest(events)).toBeLessThan(MOST_PAYLOAD * 0.9)
  }, 30_000)

  it('asks Redshift in statements that it takes', () => {
    const QUARTERS = quotedList(quarters)
    const folder = new URL('../../../sql/redshift/', import.meta.url).pathname
    const values = { QUARTERS, QUARTER: '1999Q1', YEAR: '1999', PROCESSED: `s3://${'b'.repeat(63)}` }
    const scripts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.sql'))
    const sqls = (names: string[]) =>
      names.flatMap((name) => statements(render(readFileSync(join(folder, name), 'utf8'), values)))
    const all = [
      ...sqls(scripts),
      ...(['origination', 'performance'] as const).map((table) => measuresQuery(table, 'redshift', QUARTERS)),
    ]
    expect(Math.max(...all.map((sql) => Buffer.byteLength(sql)))).toBeLessThan(MOST_STATEMENT)
    expect(sqls(['lock-tables.sql', 'load-origination.sql', 'load-performance.sql']).length).toBeLessThan(
      MOST_STATEMENTS,
    )
    expect(COLUMNS.origination.length).toBeGreaterThan(30)
  })
})
