/** The counts of each quarter are shown beside what the samples' truth files say. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type QuarterCounts, reportOf, tellQuarters, tellRejected } from '../../../cli/quarters.ts'
import { type Archive, generateArchive } from '../../../data/loans/generate-archive.ts'

let folder: string
let archive: Archive
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwell-quarters-'))
  archive = await generateArchive({ quarter: '1999Q1', loans: 50, folder })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const result = {
  workflow: 'batch',
  status: 'SUCCEEDED',
  executionArn: 'arn',
  seconds: 1,
  output: { report: { json: 's3://r/k' } },
}

const archives = {
  found: 2,
  collected: 1,
  unchanged: 0,
  rejected: [
    { quarter: '1999Q2', name: 'a.zip', error: 'ArchiveCorrupt', reason: 'It is no zip.', record: 's3://p/q.json' },
  ],
}

/** The report of an execution that has loaded the sample, with some more rows of performance. */
function reportWith(more: number): S3Client {
  const { origination, performance } = archive.truth.tables
  const counted = ({ raw, rejected, processed }: typeof origination, plus = 0) => ({
    raw: raw + plus,
    rejected,
    processed,
  })
  const quarter = {
    quarter: '1999Q1',
    layout: 'r47',
    origination: counted(origination),
    performance: counted(performance, more),
  }
  const report = { counts: quarter, quarters: [quarter], archives }
  return {
    send: async () => ({ Body: { transformToString: async () => JSON.stringify(report) } }),
  } as unknown as S3Client
}

const told = (quarters: readonly QuarterCounts[], totals: unknown) =>
  linesOf((output) => tellQuarters(output, quarters, totals))

function linesOf(tell: (output: any) => void): string {
  const lines: string[] = []
  const plain = (text: string) => text
  tell({ colors: { green: plain, red: plain, dim: plain }, line: (text = '') => lines.push(text) })
  return lines.join('\n')
}

it('equal counts are said to be the truth', async () => {
  const { quarters } = await reportOf(result, reportWith(0), folder)
  expect(quarters).toMatchObject([{ quarter: '1999Q1', layout: 'r47', truth: true }])
  expect(told(quarters, quarters[0])).toMatch(
    /1999Q1 {2}r47 {2}origination .*= truth\n.*performance .*= truth\n {2}all /,
  )
})

it('one record more is said not to be', async () => {
  const { quarters } = await reportOf(result, reportWith(1), folder)
  expect(quarters[0]!.truth).toBe(false)
  expect(told(quarters, {})).toContain('≠ truth')
})

it("an archive of somebody's own is held against nothing", async () => {
  const path = join(folder, archive.name)
  const zip = await readFile(path)
  await writeFile(path, Buffer.concat([zip, Buffer.from('more')]))
  const [quarter] = (await reportOf(result, reportWith(1), folder)).quarters
  await writeFile(path, zip)
  expect(quarter).not.toHaveProperty('truth')
})

it('a store that was left out shows no number, and a workflow without quarters nothing', async () => {
  expect(told([], { origination: { raw: 10, rejected: 1, processed: 9, mysql: null, redshift: 9 } })).toMatch(
    /all .* 10 .* 9 .* - .* 9$/,
  )
  expect(await reportOf({ ...result, workflow: 'model' }, reportWith(0), folder)).toEqual({ quarters: [] })
})

it('archives that were rejected are told with the reason and where it is kept; where none was, nothing is', async () => {
  const report = await reportOf(result, reportWith(0), folder)
  expect(report.archives).toEqual(archives)
  expect(linesOf((output) => tellRejected(output, archives))).toBe(
    '\n  1 of 2 archives rejected\n  1999Q2  ArchiveCorrupt  It is no zip.\n          s3://p/q.json',
  )
  expect(linesOf((output) => tellRejected(output, { ...archives, rejected: [] }))).toBe('')
})
