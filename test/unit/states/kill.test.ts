/** Real processes are killed (SIGKILL) in the middle of an execution: five seeded runs, or as many as CHAOS_RUNS says. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../../local/engines/states/intrinsics.ts'
import { FileJournals } from '../../../local/engines/states/journal.ts'
import { killInfo } from './kill-definition.ts'
import { eventsOf } from './support.ts'

const runs = Number(process.env.CHAOS_RUNS ?? 5)
const tasks = 200
const script = new URL('./kill-worker.ts', import.meta.url).pathname
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function linesOf(file: string): number {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}

/** Runs the worker and kills it when it has called so many more tasks, unless it ends before. */
function life(folder: string, calls: number): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, folder, String(tasks)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const file = join(folder, 'calls.txt')
  const enough = linesOf(file) + calls
  const watch = setInterval(() => {
    if (linesOf(file) >= enough) child.kill('SIGKILL')
  }, 3)
  return new Promise((resolve) =>
    child.on('exit', () => {
      clearInterval(watch)
      resolve()
    }),
  )
}

describe('kill -9', () => {
  for (let seed = 1; seed <= runs; seed++)
    it(`loses no recorded result and changes no output (seed ${seed})`, async () => {
      // Prepare
      const folder = mkdtempSync(join(tmpdir(), 'stepwell-kill-'))
      folders.push(folder)
      const random = seededRandom(seed)
      const journals = new FileJournals(join(folder, 'journals'))
      let lives = 0
      let recorded = new Set<number>()

      // Act
      while (!existsSync(join(folder, 'result.json')) && lives++ < 40) {
        await life(folder, 10 + Math.floor(random() * 90))
        const succeeded = journals.read(killInfo.arn).filter((record) => record[3] === 'TaskSucceeded')
        const ids = new Set(succeeded.map((record) => record[0]))
        for (const id of recorded) expect(ids.has(id)).toBe(true)
        recorded = ids
      }

      // Assess
      const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
      expect(lives).toBeGreaterThan(1)
      expect(result.status).toBe('SUCCEEDED')
      expect(JSON.parse(result.output)).toEqual({ items: 98, last: 'item 98', steps: 100, both: ['left', 'right'] })
      const events = eventsOf(journals.read(killInfo.arn))
      events.forEach((event, index) => {
        expect(event.id).toBe(index + 1)
      })
      // Each task has one recorded end; only one that was under way at a death was called again.
      expect(recorded.size).toBe(tasks)
      const calls = readFileSync(join(folder, 'calls.txt'), 'utf8').trim().split('\n')
      expect(new Set(calls).size).toBe(tasks)
      expect(calls.length).toBeLessThanOrEqual(tasks + 4 * lives)
    }, 120_000)
})
