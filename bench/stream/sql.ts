/** sql/flink/users.sql by itself: records in, encoded rows out. */
import { readFileSync } from 'node:fs'
import { UserGenerator } from '../../data/users/generator.ts'
import { compileScript } from '../../local/engines/flink-sql/index.ts'

const RECORDS = 40_000
const BATCH = 500
const ROUNDS = 5

/** Records a second of this thread's processor time, the best of some rounds. */
export async function measureSql(): Promise<number> {
  const generator = new UserGenerator({ seed: 1, bad: 0.02 })
  const records = Array.from({ length: RECORDS }, () => Buffer.from(generator.next(Date.now()).record))
  const script = readFileSync(new URL('../../sql/flink/users.sql', import.meta.url), 'utf8')
  const program = compileScript(script.replace(/\$\{\w+\}/g, 'x'))
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const job = program.start(Date.now)
    let rows = 0
    const before = process.threadCpuUsage()
    for (let at = 0; at < RECORDS; at += BATCH) {
      job.push(records.slice(at, at + BATCH))
      for (const part of job.drain()) rows += part.length
    }
    const { user, system } = process.threadCpuUsage(before)
    if (rows < RECORDS) throw new Error(`${RECORDS} records have given ${rows} rows.`)
    best = Math.max(best, RECORDS / ((user + system) / 1e6))
  }
  return best
}
