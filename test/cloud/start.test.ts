/** `npm start` as a process: what it prints, what it leaves, how it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Truth } from '../../data/loans/generate-archive.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const SMALL = ['--loans', '60', '--dirty', '0.05', '--only', 'batch']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stepwell-start-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Process {
  child: ChildProcess
  objects: any[]
  errors: string[]
  /** Resolves when a line comes that passes the test. */
  said(test: (object: any) => boolean): Promise<void>
  ended: Promise<{ code: number | null; signal: string | null }>
}

function start(...words: string[]): Process {
  const { CI: _, NO_COLOR: __, ...env } = process.env
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'start', '--json', ...words], {
    env,
  })
  const objects: any[] = []
  const errors: string[] = []
  const waiting: { test: (object: any) => boolean; resolve: () => void }[] = []
  createInterface(child.stdout!).on('line', (line) => {
    const object = JSON.parse(line)
    objects.push(object)
    for (const { test, resolve } of waiting) if (test(object)) resolve()
  })
  child.stderr!.on('data', (chunk) => errors.push(String(chunk)))
  return {
    child,
    objects,
    errors,
    said: (test) => new Promise((resolve) => waiting.push({ test, resolve })),
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal })),
  }
}

describe('start --once --json', () => {
  it('ends with the summary, whose counts are those of the truth files, and runs again without work', async () => {
    const dataDir = join(folder, 'data')
    const first = start('--once', '--port', '0', '--data-dir', dataDir, ...SMALL)
    expect({ ...(await first.ended), errors: first.errors.join('') }).toEqual({ code: 0, signal: null, errors: '' })

    const truths: Truth[] = []
    for (const archive of ['historical_data_1999Q1', 'historical_data_1999Q2', 'historical_data1_Q12005'])
      truths.push(JSON.parse(await readFile(join(dataDir, 'source-site', `${archive}.truth.json`), 'utf8')))
    expect(truths.map(({ layout }) => layout)).toEqual(['r47', 'legacy32', 'release2018'])
    const sum = (table: 'origination' | 'performance', stage: 'raw' | 'rejected' | 'processed') =>
      truths.reduce((total, { tables }) => total + tables[table][stage], 0)
    const summary = first.objects.at(-1)
    expect(Object.keys(summary)).toEqual(['type', 'workflows', 'urls'])
    expect(summary.urls.executionsApi).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/execute-api\/.+\/executions$/)
    const { batch } = summary.workflows
    expect(batch).toMatchObject({ status: 'SUCCEEDED', seconds: expect.any(Number) })
    for (const table of ['origination', 'performance'] as const) {
      const processed = sum(table, 'processed')
      expect(batch.counts[table]).toMatchObject({
        raw: sum(table, 'raw'),
        rejected: sum(table, 'rejected'),
        processed,
        redshift: processed,
      })
    }
    expect(batch.quarters.map(({ quarter, layout, truth }: any) => ({ quarter, layout, truth }))).toEqual([
      { quarter: '1999Q1', layout: 'r47', truth: true },
      { quarter: '1999Q2', layout: 'legacy32', truth: true },
      { quarter: '2005Q1', layout: 'release2018', truth: true },
    ])
    const withMysql = !first.objects.some(({ type }) => type === 'notice')
    if (withMysql) expect(batch.counts.origination.mysql).toBe(sum('origination', 'processed'))

    const second = start('--once', '--port', '0', '--data-dir', dataDir, ...SMALL)
    expect((await second.ended).code).toBe(0)
    const states = second.objects.filter(({ type }) => type === 'state').map(({ state }) => state)
    expect([...new Set(states)]).toEqual(['ListArchives', 'Report'])
    expect(second.objects.at(-1).workflows.batch.counts).toEqual(batch.counts)
  })

  it('ends cleanly when it is interrupted, and goes on at the next start', async () => {
    const dataDir = join(folder, 'interrupted')
    const first = start('--once', '--port', '0', '--data-dir', dataDir, ...SMALL)
    await Promise.race([first.said(({ state }) => state === 'CreateCluster'), first.ended])
    first.child.kill('SIGINT')
    expect(await first.ended).toEqual({ code: 130, signal: null })
    expect(first.errors).toEqual([])
    expect(existsSync(join(dataDir, 'cloud.pid'))).toBe(false)

    const second = start('--once', '--port', '0', '--data-dir', dataDir, ...SMALL)
    expect((await second.ended).code).toBe(0)
    expect(second.objects.at(-1).workflows.batch.status).toBe('SUCCEEDED')
  })

  it('names a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const taken = start('--once', '--port', String(port), '--data-dir', join(folder, 'taken'), ...SMALL)
    const { code } = await taken.ended
    server.close()
    expect(code).toBe(1)
    expect(taken.errors.join('')).toBe(
      `stepwell: Port ${port} on 127.0.0.1 is taken by another program. Stop it, or choose another port with --port.\n`,
    )
    expect(existsSync(join(folder, 'taken', 'cloud.pid'))).toBe(false)
  })
})
