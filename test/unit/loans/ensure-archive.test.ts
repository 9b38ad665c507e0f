import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureArchive, ownArchives } from '../../../data/loans/ensure-archive.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwell-ensure-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const options = () => ({ quarter: '1999Q1', loans: 20, folder })

describe('ensureArchive', () => {
  it('makes an archive once', async () => {
    const first = await ensureArchive(options())
    const again = await ensureArchive(options())
    expect([first.made, again.made]).toEqual([true, false])
    expect({ ...again, made: true }).toEqual(first)
  })

  it('makes it again with other options', async () => {
    const first = await ensureArchive(options())
    const other = await ensureArchive({ ...options(), seed: 2 })
    expect([other.made, other.sha256 === first.sha256]).toEqual([true, false])
  })

  it('takes the quarter out of the folder in its other layout', async () => {
    await ensureArchive(options())
    await ensureArchive({ ...options(), layout: 'release2018' })
    expect((await readdir(folder)).sort()).toEqual([
      'historical_data1_Q11999.truth.json',
      'historical_data1_Q11999.zip',
    ])
  })

  it('overwrites nothing that it did not make', async () => {
    const file = join(folder, 'historical_data_1999Q1.zip')
    await writeFile(file, 'real')
    await expect(ensureArchive(options())).rejects.toThrow('is no sample')
    await ensureArchive({ ...options(), layout: 'release2018' })
    expect(await readFile(file, 'utf8')).toBe('real')
  })

  it('leaves what has taken the place of a sample', async () => {
    const { path } = await ensureArchive(options())
    await writeFile(path, 'republished')

    await expect(ensureArchive(options())).rejects.toThrow('is no sample')
    await ensureArchive({ ...options(), layout: 'release2018' })

    expect(await readFile(path, 'utf8')).toBe('republished')
    expect(await ownArchives(folder)).toEqual(['historical_data_1999Q1.zip'])
  })
})
