import type { HistoryEvent } from '@aws-sdk/client-sfn'
import { describe, expect, it } from 'vitest'
import type { ArchiveRow } from '../../../tasks/batch/archive/table.ts'
import { type BatchReport, quarterReports, totals } from '../../../tasks/batch/report/model.ts'
import { page } from '../../../tasks/batch/report/page.ts'
import { durationsOf } from '../../../tasks/report/durations.ts'
import { seconds } from '../../../tasks/report/text.ts'

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
  const report = (rows: ArchiveRow[]): BatchReport => {
    const quarters = quarterReports(rows, counted)
    return {
      execution: { name: 'run<1>', arn: 'arn', startedAt: '2026-11-22T12:00:00.000Z' },
      generatedAt: '2026-11-22T12:00:30.000Z',
      loadedNow: rows.map(({ quarter }) => quarter),
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
