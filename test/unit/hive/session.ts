/** A Hive session over a temporary folder, for tests. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHive, type HiveError } from '../../../local/engines/hive/index.ts'

export interface TestHive {
  /** `s3://bucket/…` lies in `root/bucket/…`. */
  readonly root: string
  /** Runs a script; the rows that it prints, their fields split, NULL as null. */
  rows(text: string, variables?: Record<string, string>): Promise<(string | null)[][]>
  /** What a script logs to stderr. */
  log(text: string): Promise<string[]>
  /** The error that a script ends with. */
  failure(text: string, name?: string): Promise<HiveError>
  close(): Promise<void>
}

export async function testHive(): Promise<TestHive> {
  const root = await mkdtemp(join(tmpdir(), 'stepwell-hive-'))
  const session = await createHive({
    locate: async (uri) => join(root, uri.replace('s3://', '')),
    hdfs: join(root, 'hdfs'),
    temp: join(root, 'temp'),
    threads: 2,
    memoryLimit: '512MB',
  })
  const run = async (stream: 'stdout' | 'stderr', text: string, variables = {}, name = 'test.hql') => {
    const lines: string[] = []
    await session.run({
      name,
      text,
      variables,
      onLog: (line) => void (line.stream === stream && lines.push(line.text)),
    })
    return lines
  }
  return {
    root,
    rows: async (text, variables) =>
      (await run('stdout', text, variables)).map((line) =>
        line.split('\t').map((field) => (field === 'NULL' ? null : field)),
      ),
    log: (text) => run('stderr', text),
    async failure(text, name) {
      try {
        await run('stdout', text, {}, name)
      } catch (error) {
        return error as HiveError
      }
      throw new Error(`Expected a failure of ${text}`)
    },
    async close() {
      await session.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}
