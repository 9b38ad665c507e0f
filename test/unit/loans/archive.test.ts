import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ORIGINATION, PERFORMANCE } from '../../../data/loans/columns.ts'
import { DIRT } from '../../../data/loans/dirt.ts'
import { ALL_DIRT, type Archive, generateArchive } from '../../../data/loans/generate-archive.ts'
import type { ColumnTruth, TableTruth } from '../../../data/loans/truth.ts'
import { type Findings, type Row, readArchive } from './read-archive.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stepwell-loans-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('an archive and its truth file', () => {
  describe.each(['r47', 'legacy32', 'release2018'] as const)('in layout %s', (layout) => {
    it('agree with a plain reading of the files, however dirty these are', async () => {
      // Prepare
      const options = { quarter: '2007Q2', layout, loans: 900, seed: 5, dirty: 0.25, through: '2012-06' }

      // Act
      const archive = await generateArchive({ ...options, folder: path.join(folder, layout) })
      const found = await readArchive(archive.path, layout, '2007Q2')

      // Assess
      expectTruth(archive.truth.tables.origination, found.origination, ORIGINATION)
      expectTruth(archive.truth.tables.performance, found.performance, PERFORMANCE)
      for (const reason of new Set(Object.values(DIRT))) {
        if (reason) expect(archive.truth.tables.performance.rejects[reason], reason).toBeGreaterThan(0)
      }
    })

    it('reject nothing when nothing is dirty', async () => {
      const archive = await clean(layout)
      const found = await readArchive(archive.path, layout, '2018Q3')
      for (const table of ['origination', 'performance'] as const) {
        expect(archive.truth.tables[table].rejected).toBe(0)
        expectTruth(archive.truth.tables[table], found[table], table === 'origination' ? ORIGINATION : PERFORMANCE)
      }
      expect(archive.truth.tables.origination.raw).toBe(300)
    })
  })

  it('have bytes of Windows-1252 and carriage returns where a name or line was chosen to', async () => {
    const archive = await generateArchive({
      quarter: '1999Q1',
      loans: 400,
      dirty: 1,
      kinds: ['Windows-1252 name', 'carriage return at the end'],
      folder: path.join(folder, 'bytes'),
    })
    const { texts } = await readArchive(archive.path, 'r47', '1999Q1')
    expect(texts[0]!.includes(0x92)).toBe(true)
    expect(texts[0]!.includes('\r\n')).toBe(true)
    expect(archive.truth.tables.origination.rejected).toBe(0)
  })

  it.each(ALL_DIRT)('count dirt of the kind "%s" as its one reason', async (kind) => {
    const archive = await generateArchive({
      quarter: '2001Q1',
      loans: 60,
      dirty: 0.5,
      kinds: [kind],
      folder: path.join(folder, 'kind'),
    })
    const { rejects, rejected } = archive.truth.tables.performance
    const reason = DIRT[kind]
    const others = Object.entries(rejects).filter(([name, n]) => n > 0 && name !== reason && name !== 'unknown_loan')
    expect(others).toEqual([])
    // A lost origination row takes its performance with it, so there are unknown loans beside most reasons.
    if (reason) expect(rejects[reason]).toBeGreaterThan(0)
    else expect(rejected).toBe(0)
  })
})

describe('generateArchive', () => {
  it('makes the same bytes from the same options, and others from another seed', async () => {
    const options = { quarter: '2003Q4', loans: 200, dirty: 0.05 }
    const first = await generateArchive({ ...options, folder: path.join(folder, 'a') })
    const again = await generateArchive({ ...options, folder: path.join(folder, 'b') })
    const other = await generateArchive({ ...options, seed: 2, folder: path.join(folder, 'c') })
    expect(again.sha256).toBe(first.sha256)
    expect(again.truth).toEqual(first.truth)
    expect(other.sha256).not.toBe(first.sha256)
  })

  it('says the size and checksum of the file that it wrote, and leaves no partial file', async () => {
    const target = path.join(folder, 'identity')
    const archive = await generateArchive({ quarter: '1999Q1', loans: 50, folder: target })
    const bytes = await readFile(archive.path)
    expect(archive.size).toBe(bytes.length)
    expect(archive.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(JSON.parse(await readFile(archive.truthPath, 'utf8'))).toEqual(archive.truth)
    expect((await readdir(target)).sort()).toEqual(['historical_data_1999Q1.truth.json', 'historical_data_1999Q1.zip'])
  })

  it('keeps a loan the same when only the share of dirt changes', async () => {
    const options = { quarter: '1999Q1', loans: 300, folder: path.join(folder, 'dirt') }
    const clean = await readArchive((await generateArchive({ ...options, dirty: 0 })).path, 'r47', '1999Q1')
    const dirty = await readArchive(
      (await generateArchive({ ...options, dirty: 0.2, kinds: ['bad date'] })).path,
      'r47',
      '1999Q1',
    )
    const byLoan = new Map(clean.origination.rows.map((row) => [row.loan_identifier, row]))
    for (const row of dirty.origination.rows) expect(row).toEqual(byLoan.get(row.loan_identifier))
    expect(dirty.origination.rows.length).toBeLessThan(300)
  })

  it.each([
    [{ quarter: '99Q1' }, '"99Q1" is not a quarter'],
    [{ quarter: '1998Q4' }, '"1998Q4" is not a quarter'],
    [{ loans: 0 }, 'not 0'],
    [{ loans: 500_000, layout: 'legacy32' as const }, '1 to 499999 loans'],
    [{ dirty: 1.5 }, 'not 1.5'],
    [{ through: '1998-12' }, 'no reporting month'],
    [{ layout: 'r99' as 'r47' }, 'There is no layout "r99"'],
    [{ kinds: ['mud' as 'duplicate'] }, 'no dirt of the kind "mud"'],
  ])('refuses %o', async (wrong, message) => {
    await expect(generateArchive({ quarter: '1999Q1', loans: 10, folder, ...wrong })).rejects.toThrow(message)
  })
})

async function clean(layout: 'r47' | 'legacy32' | 'release2018'): Promise<Archive> {
  return generateArchive({
    quarter: '2018Q3',
    layout,
    loans: 300,
    dirty: 0,
    through: '2021-12',
    folder: path.join(folder, `clean-${layout}`),
  })
}

function expectTruth(truth: TableTruth, found: Findings, columns: readonly { name: string; kind: string }[]): void {
  expect(truth.raw).toBe(found.raw)
  expect(truth.processed).toBe(found.rows.length)
  expect(truth.rejected).toBe(found.raw - found.rows.length)
  expect(Object.fromEntries(Object.entries(truth.rejects).filter(([, n]) => n > 0))).toEqual(found.rejects)
  for (const { name, kind } of columns)
    expect({ [name]: truth.columns[name] }).toEqual({ [name]: summary(found.rows, name, kind) })
}

function summary(rows: Row[], name: string, kind: string): ColumnTruth {
  const texts = rows.flatMap((row) => row[name] ?? [])
  const nulls = rows.length - texts.length
  if (['identifier', 'earlier identifier', 'date', 'code'].includes(kind)) {
    const sorted = texts.map((text) => Buffer.from(text)).sort(Buffer.compare)
    return { nulls, min: sorted[0]?.toString() ?? null, max: sorted.at(-1)?.toString() ?? null }
  }
  const scale = { integer: 0, money: 2, proceeds: 2, rate: 3 }[kind]!
  const units = texts.filter((text) => text !== 'U').map((text) => Math.round(Number(text) * 10 ** scale))
  const say = (value: number | undefined) => {
    if (value === undefined) return null
    return scale === 0 ? value : (value / 10 ** scale).toFixed(scale)
  }
  const total = units.length > 0 ? units.reduce((sum, unit) => sum + unit, 0) : undefined
  if (kind === 'proceeds') return { nulls, sum: say(total) }
  units.sort((a, b) => a - b)
  return { nulls, min: say(units[0]), max: say(units.at(-1)), sum: say(total) }
}
