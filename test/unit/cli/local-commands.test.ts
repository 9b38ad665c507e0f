import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Output } from '../../../cli/output.ts'
import { advice, tellStrayFiles } from '../../../cli/stray-files.ts'
import { lockDataDir } from '../../../local/lock.ts'
import { stepwell } from './run-command.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwell-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('generate', () => {
  it('makes archives once, and tells what is in them', async () => {
    const words = ['generate', '--loans', '40', '--data-dir', join(folder, 'data'), '--json']
    const first = await stepwell(...words)
    const second = await stepwell(...words)
    expect(first.objects).toMatchObject([
      { type: 'archive', name: 'historical_data_1999Q1.zip', made: true },
      { type: 'archive', name: 'historical_data_1999Q2.zip', made: true },
      { type: 'archive', name: 'historical_data1_Q12005.zip', made: true },
    ])
    expect(second.objects.map(({ made }) => made)).toEqual([false, false, false])
    const { made: _, seconds: __, ...same } = first.objects[0]
    expect(second.objects[0]).toMatchObject(same)
    expect(await readdir(join(folder, 'data', 'source-site'))).toContain('historical_data_1999Q1.truth.json')
  })

  it('makes about as many performance rows as it is asked for', async () => {
    const { objects } = await stepwell('generate', '--rows', '20_000', '--folder', join(folder, 'rows'), '--json')
    const rows = objects.reduce((sum, { performance }) => sum + performance, 0)
    expect(rows).toBeGreaterThan(17_000)
    expect(rows).toBeLessThan(24_000)
  })

  it.each([
    [['--quarters', '99Q1'], '"99Q1" is not a quarter'],
    [['--quarters', '1999Q1:r99'], 'There is no layout "r99"'],
    [['--layout', 'r99'], 'There is no layout "r99"'],
    [['--dirty', 'much'], 'a number from 0 to 1'],
    [['--loans', '1.5'], 'a whole number'],
    [['--through', '2000'], 'write it as 2000-12'],
  ])('refuses %j', async (words, message) => {
    const { code, err } = await stepwell('generate', '--folder', join(folder, 'none'), ...words)
    expect(code).toBe(1)
    expect(err).toContain(message)
  })
})

describe('files beside the archives', () => {
  it('are named, since nobody takes them for archives', async () => {
    const site = await mkdtemp(join(folder, 'site-'))
    for (const name of ['my loans.zip', 'historical_data_1999Q1.zip', 'historical_data_1999Q1.truth.json'])
      await writeFile(join(site, name), '')
    const lines: string[] = []
    const output = new Output({ stream: { write: (text: string) => lines.push(text) > 0 }, environment: {} })

    await tellStrayFiles(site, output)
    await tellStrayFiles(join(site, 'missing'), output)

    expect(lines).toEqual([
      expect.stringMatching(/^Left alone in .*: my loans\.zip \(not of that form\)\. Archives are /),
    ])
  })

  it.each([
    ['sample_1999.zip', /a sample of a year/],
    ['historical_data_1999.zip', /unzip it/],
    ['historical_data1_1999.zip', /unzip it/],
    ['Historical_Data_1999q1.ZIP', /rename it/],
    ['historical_data1_q11999.zip', /rename it/],
    ['orig_1999Q1.txt', /into the zip of its quarter/],
  ])('tells the owner of %s what to do with it', (name, what) => {
    expect(advice(name)).toMatch(what)
  })
})

describe('env', () => {
  it('prints exports that a shell can evaluate', async () => {
    const { out } = await stepwell('env', '--endpoint', 'http://127.0.0.1:4567')
    expect(out).toContain("export AWS_ENDPOINT_URL='http://127.0.0.1:4567'\n")
    expect(out).toMatch(/^(export [A-Z_]+='[^']*'\n)+$/)
  })
})

describe('reset', () => {
  it('empties a data directory', async () => {
    const data = join(folder, 'reset')
    await mkdir(join(data, 'source-site'), { recursive: true })
    await writeFile(join(data, 'cloud.sqlite'), 'x')
    const { code, out } = await stepwell('reset', '--data-dir', data)
    expect(code).toBe(0)
    expect(out).toContain('is empty')
    expect(await readdir(data)).toEqual([])
    expect((await stepwell('reset', '--data-dir', data)).out).toContain('nothing to remove')
  })

  it('keeps archives that are no samples, as start does', async () => {
    const data = join(folder, 'own')
    const own = join(data, 'source-site', 'historical_data_1999Q1.zip')
    await stepwell('generate', '--loans', '5', '--data-dir', data)
    await writeFile(own, 'my own loans')

    const again = await stepwell('generate', '--loans', '5', '--data-dir', data)
    const { out } = await stepwell('reset', '--data-dir', data)

    expect(again.out).toContain('archive of 1999Q1')
    expect(out).toContain('Kept, because they are no samples: historical_data_1999Q1.zip')
    expect(await readdir(data, { recursive: true })).toEqual(['source-site', 'source-site/historical_data_1999Q1.zip'])
  })

  it('leaves a folder alone that is none', async () => {
    const other = join(folder, 'photos')
    await mkdir(other)
    await writeFile(join(other, 'cat.jpg'), 'x')
    const { code, err } = await stepwell('reset', '--data-dir', other)
    expect(code).toBe(1)
    expect(err).toContain('is not a data directory of the local cloud')
    expect(existsSync(join(other, 'cat.jpg'))).toBe(true)
  })

  it('does not pull the ground from under a local cloud that runs', async () => {
    const data = join(folder, 'running')
    await mkdir(join(data, 'source-site'), { recursive: true })
    const unlock = lockDataDir(data)
    const { code, err } = await stepwell('reset', '--data-dir', data)
    unlock()
    expect(code).toBe(1)
    expect(err).toContain('is in use by the local cloud')
    expect(existsSync(join(data, 'source-site'))).toBe(true)
  })
})

describe('a folder that cannot be written', () => {
  it('is named, with what to do, and without a stack', async () => {
    const file = join(folder, 'a file')
    await writeFile(file, '')

    const { code, err } = await stepwell('generate', '--loans', '5', '--folder', join(file, 'below'))

    expect(code).toBe(1)
    expect(err).toMatch(/^stepwell: .*a file.* cannot be written: a part of its path is no folder\. .*\n$/)
  })
})

describe('help', () => {
  it('is there for a command that does not exist', async () => {
    const { code } = await stepwell('fly')
    expect(code).toBe(1)
  })
})
