/** A local cloud that is killed in the middle of a load. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { openWarehouse } from '../../../local/engines/warehouse/index.ts'

const runs = Number(process.env.CHAOS_RUNS ?? 2)
/** 3, 8, 13, … and then those between. */
const commits = Array.from({ length: runs }, (_, i) => 3 + ((5 * i) % 37))

it.each(commits)('holds one whole quarter after a kill behind commit %i', async (least) => {
  const folder = await mkdtemp(join(tmpdir(), 'stepwell-killed-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const program = fileURLToPath(new URL('replace-for-ever.ts', import.meta.url))
  const child = spawn('node', [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let committed = -1
  for await (const line of createInterface({ input: child.stdout })) {
    committed = Number(line)
    if (committed >= least && child.signalCode === null) child.kill('SIGKILL')
  }
  if (child.signalCode === null) await once(child, 'exit')

  const warehouse = await openWarehouse({
    file: join(folder, 'loans.duckdb'),
    temp: join(folder, 'temp'),
    locate: async () => folder,
  })
  onTestFinished(() => warehouse.close())

  const table = await warehouse.execute('SELECT sortkey1, encoded FROM svv_table_info WHERE "table" = \'loans\'')
  expect(table.rows).toEqual([['n', 'Y']])
  const { rows } = await warehouse.execute(
    'SELECT COUNT(*), COUNT(DISTINCT n), MIN(round), MAX(round), MIN(note) FROM loans',
  )
  const [count, distinct, first, last, note] = rows?.[0] ?? []
  expect([count, distinct]).toEqual([20_000, 20_000])
  expect(first).toBe(last)
  expect(note).toBe('none')
  expect(Number(last)).toBeGreaterThanOrEqual(committed)
})
