/** The scripts of hql/ find in every layout's archive exactly what its truth file says. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Column, ORIGINATION, PERFORMANCE } from '../../../data/loans/columns.ts'
import type { Truth } from '../../../data/loans/generate-archive.ts'
import type { ColumnTruth } from '../../../data/loans/truth.ts'
import { runScripts, writeRaw } from './hive-scripts.ts'

const ARCHIVES = [
  { quarter: '2007Q2', layout: 'r47', through: '2019-12' },
  { quarter: '2008Q1', layout: 'legacy32', through: '2014-12' },
  { quarter: '1999Q4', layout: 'release2018', through: '2006-06' },
] as const

let root: string
let truths: Map<string, Truth>
let query: (sql: string) => Promise<Record<string, any>[]>
let close: () => void

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stepwell-truth-'))
  truths = await writeRaw(root, ARCHIVES, 500)
  await runScripts(root, ARCHIVES, 'processed')
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
  close = () => {
    connection.closeSync()
    instance.closeSync()
  }
}, 120_000)
afterAll(async () => {
  close?.()
  await rm(root, { recursive: true, force: true })
})

describe.each(ARCHIVES)('Hive, of $layout', ({ layout, quarter }) => {
  it.each(['origination', 'performance'] as const)(
    'rejects from %s what the truth file says, for its reasons',
    async (table) => {
      const lines = `read_csv('${root}/processed/quarantine/${table}/quarter=${quarter}/*', delim='\t', header=false, quote='', escape='', columns={'reason':'VARCHAR','line':'VARCHAR'}, strict_mode=false)`
      const counted = await query(`SELECT reason, count(*)::INT AS n FROM ${lines} GROUP BY reason`)
      const truth = Object.entries(truths.get(layout)!.tables[table].rejects).filter(([, n]) => n > 0)
      expect(Object.fromEntries(counted.map(({ reason, n }) => [reason, n]))).toEqual(Object.fromEntries(truth))
    },
  )

  it.each([
    ['origination', ORIGINATION],
    ['performance', PERFORMANCE],
  ] as const)('gives every column of %s the nulls, bounds and sum of the truth file', async (table, columns) => {
    const { processed, columns: truth } = truths.get(layout)!.tables[table]
    const files = `read_parquet('${root}/processed/${table}/**/*', hive_partitioning=true)`
    const [row] = await query(
      `SELECT count(*)::INT AS n, ${columns.map(measures).join(', ')} FROM ${files} WHERE quarter = '${quarter}'`,
    )
    expect(row!.n).toBe(processed)
    for (const column of columns)
      expect({ [column.name]: found(row!, column) }).toEqual({ [column.name]: truth[column.name] })
  })
})

/** Each column's nulls, bounds and sum, as texts that say them exactly. */
function measures({ name, kind }: Column): string {
  const number = kind === 'proceeds' ? `TRY_CAST(${name} AS DECIMAL(14,2))` : name
  const parts = [
    `count(*) FILTER (${name} IS NULL) AS ${name}_nulls`,
    `min(${name})::VARCHAR AS ${name}_min`,
    `max(${name})::VARCHAR AS ${name}_max`,
  ]
  if (['integer', 'money', 'rate', 'proceeds'].includes(kind)) parts.push(`sum(${number})::VARCHAR AS ${name}_sum`)
  return parts.join(', ')
}

function found(row: Record<string, any>, { name, kind }: Column): ColumnTruth {
  const value = (measure: string) => {
    const text = row[`${name}_${measure}`]
    return kind === 'integer' && text !== null ? Number(text) : text
  }
  const nulls = Number(row[`${name}_nulls`])
  if (kind === 'proceeds') return { nulls, sum: value('sum') }
  const bounds = { nulls, min: value('min'), max: value('max') }
  return ['integer', 'money', 'rate'].includes(kind) ? { ...bounds, sum: value('sum') } : bounds
}
