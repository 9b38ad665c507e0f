import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { describe, expect, it } from 'vitest'
import { type ArchiveCounts, type Rejection, rejectionCause } from '../../../tasks/batch/archive/rejection.ts'
import type { ArchiveRow } from '../../../tasks/batch/archive/table.ts'
import { type BatchReport, quarterReports, totals } from '../../../tasks/batch/report/model.ts'
import { page } from '../../../tasks/batch/report/page.ts'
import { checkArchives } from '../../../tasks/batch/report.ts'
import { durationsOf } from '../../../tasks/report/durations.ts'
import { seconds } from '../../../tasks/report/text.ts'
import { failure } from '../../support/cloud.ts'

const row = (quarter: string, processed: number, more: Partial<ArchiveRow> = {}): ArchiveRow => ({
  quarter,
  layout: 'r47',
  loaded: 'x',
  loadedAt: '2026-11-22T12:00:00.000Z',
  hive: {
    origination: { raw: processed + 1, rejected: 1, processed },
    performance: { raw: processed * 10, rejected: 0, processed: processed * 10 },
  },
  stores: { mysql: { origination: processed }, redshift: { origination: processed, performance: processed * 10 } },
  ...more,
})
const counted = [
  { table_name: 'origination', quarter: '1999Q1', row_count: 3 },
  { table_name: 'performance', quarter: '1999Q1', row_count: 30 },
  { table_name: 'origination', quarter: '1999Q2', row_count: 4 },
  { table_name: 'performance', quarter: '1999Q2', row_count: 40 },
]

const rejection = (more: Partial<Rejection> = {}): Rejection => ({
  quarter: '1999Q2',
  name: 'historical_data_1999Q2.zip',
  size: 1,
  checksum: 'sha256:a',
  error: 'ArchiveCorrupt',
  reason: 'no <zip>',
  location: 's3://raw/landing/a.zip',
  record: 's3://processed/q.json',
  rejectedAt: '2026-11-22T12:00:00.000Z',
  ...more,
})

describe('the archives', () => {
  it('are all accounted for, or the execution fails', async () => {
    const archives = { found: 3, collected: 1, unchanged: 1, rejected: [rejection()] }
    expect(checkArchives(archives)).toBeUndefined()
    expect(await failure(() => checkArchives({ ...archives, collected: 0 }))).toMatchObject({
      name: 'ArchivesUnaccounted',
      message: expect.stringMatching(/lists 3 archives, but 0 were collected, 1 are unchanged and 1 were rejected/),
    })
  })

  it('that were rejected are named in the cause, with the reason and what to do', () => {
    const cause = rejectionCause({ found: 3, collected: 2, unchanged: 0, rejected: [rejection()] })
    expect(cause).toMatch(/^1 of 3 archives was rejected\./)
    expect(cause).toContain(
      '\n1999Q2: ArchiveCorrupt: no <zip> It lies at s3://raw/landing/a.zip; see s3://processed/q.json.\n',
    )
    expect(cause).toMatch(/Put a whole archive .* start a new execution/)
  })

  it('that are too many for a cause are counted', () => {
    const rejected = Array.from({ length: 109 }, () => rejection({ reason: 'r'.repeat(500) }))
    const cause = rejectionCause({ found: 109, collected: 0, unchanged: 0, rejected })
    expect(cause.length).toBeLessThan(32_000)
    const [, more] = /… and (\d+) more, which the report lists/.exec(cause)!
    expect(Number(more) + cause.split('ArchiveCorrupt').length - 1).toBe(109)
  })
})

describe('the counts', () => {
  it('add up over all loaded quarters, by the stores’ own count', () => {
    const quarters = quarterReports(
      [row('1999Q1', 3), row('1999Q2', 4), row('1999Q3', 5, { loaded: undefined })],
      counted,
    )
    expect(totals(quarters)).toEqual({
      origination: { raw: 9, rejected: 2, processed: 7, mysql: 7, redshift: 7 },
      performance: { raw: 70, rejected: 0, processed: 70, redshift: 70 },
    })
  })

  it('leave a store out that nothing was loaded into', () => {
    const quarters = quarterReports([row('1999Q1', 3, { stores: {} })], [])
    expect(totals(quarters).origination).toEqual({ raw: 4, rejected: 1, processed: 3 })
  })

  it('add up why records were rejected', () => {
    const rejected = (reasons: Record<string, number>) => ({ raw: 3, rejected: 2, processed: 1, reasons })
    const performance = { raw: 1, rejected: 0, processed: 1 }
    const rows = [
      row('1999Q1', 1, { hive: { origination: rejected({ date: 1, code: 1 }), performance } }),
      row('1999Q2', 1, { hive: { origination: rejected({ date: 2 }), performance } }),
    ]
    const sum = totals(quarterReports(rows, []))
    expect(sum.origination.reasons).toEqual({ date: 3, code: 1 })
    expect(sum.performance).not.toHaveProperty('reasons')
  })

  it('are zero before anything is loaded', () => {
    expect(totals([]).performance).toEqual({ raw: 0, rejected: 0, processed: 0 })
  })
})

describe('durationsOf', () => {
  it('spans a state from its first entry to its last exit, and leaves out choices and what still runs', () => {
    const at = (second: number) => new Date(1_700_000_000_000 + second * 1000)
    const entered = (second: number, type: string, name: string) => ({
      timestamp: at(second),
      type,
      stateEnteredEventDetails: { name },
    })
    const exited = (second: number, name: string) => ({
      timestamp: at(second),
      type: 'TaskStateExited',
      stateExitedEventDetails: { name },
    })
    const events = [
      { timestamp: at(0), type: 'ExecutionStarted' },
      entered(1, 'TaskStateEntered', 'CollectQuarter'),
      entered(2, 'TaskStateEntered', 'CollectQuarter'),
      exited(3, 'CollectQuarter'),
      exited(5, 'CollectQuarter'),
      entered(5, 'ChoiceStateEntered', 'IsClusterNeeded'),
      exited(5, 'IsClusterNeeded'),
      entered(6, 'TaskStateEntered', 'Report'),
    ] as HistoryEvent[]
    expect(durationsOf(events)).toEqual([{ state: 'CollectQuarter', start: 1, seconds: 4 }])
  })
})

describe('the page', () => {
  const none = { found: 2, collected: 1, unchanged: 1, rejected: [] }
  const report = (rows: ArchiveRow[], archives: ArchiveCounts = none): BatchReport => {
    const quarters = quarterReports(rows, counted)
    return {
      execution: { name: 'run<1>', arn: 'arn', startedAt: '2026-11-22T12:00:00.000Z' },
      generatedAt: '2026-11-22T12:00:30.000Z',
      loadedNow: rows.map(({ quarter }) => quarter),
      archives,
      counts: totals(quarters),
      quarters,
      durations: [{ state: 'CollectQuarter', start: 1, seconds: 4 }],
    }
  }

  it('shows counts, quarters and durations, needs nothing from outside, and escapes foreign text', () => {
    const html = page(report([row('1999Q1', 3), row('1999Q2', 4)]))
    for (const part of ['run&lt;1&gt;', '1999Q2', 'in MySQL', 'in Redshift', 'CollectQuarter', '<svg'])
      expect(html).toContain(part)
    expect(html).not.toContain('run<1>')
    expect(html).not.toMatch(/<script|src=|href=|url\(|@import/)
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('says what became of the archives, and why one was rejected', () => {
    expect(page(report([row('1999Q1', 3)]))).not.toContain('Rejected archives')
    const html = page(report([row('1999Q1', 3)], { found: 3, collected: 1, unchanged: 1, rejected: [rejection()] }))
    expect(html).toContain('3 archives found: 1 collected, 1 unchanged, 1 rejected.')
    for (const part of ['<b>ArchiveCorrupt</b> no &lt;zip&gt;', 's3://raw/landing/a.zip', 's3://processed/q.json'])
      expect(html).toContain(part)
  })

  it('draws a hundred quarters, one, and none', () => {
    const many = Array.from({ length: 109 }, (_, i) => row(`${1999 + Math.floor(i / 4)}Q${(i % 4) + 1}`, i))
    for (const rows of [many, [row('1999Q1', 0)], []]) expect(page(report(rows))).not.toMatch(/NaN|undefined|Infinity/)
    expect(page(report([]))).toContain('No quarter is loaded yet.')
  })
})

describe('seconds', () => {
  it.each([
    [0.42, '0.4 s'],
    [42.4, '42 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
  ])('writes %d as %s', (value, text) => {
    expect(seconds(value)).toBe(text)
  })
})
