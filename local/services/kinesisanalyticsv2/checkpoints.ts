/** Checkpoints on disk: one file, replaced whole, so that there is always the old one or the new one. */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Checkpoint, Checkpoints } from '../../engines/flink-sql/index.ts'
import { CodeError } from './code.ts'

interface Stored extends Checkpoint {
  /** Of the script that was running. */
  script: string
}

const hashOf = (script: string) => createHash('sha256').update(script).digest('hex')

/** @param mayForget whether a checkpoint of another script is used for its position alone (AllowNonRestoredState) */
export function fileCheckpoints(file: string, script: string, mayForget: boolean): Checkpoints {
  return {
    async load() {
      const stored = await readCheckpoint(file)
      if (!stored || stored.script === hashOf(script)) return stored
      if (!mayForget)
        throw new CodeError(
          'The last snapshot was taken of another script. Start with AllowNonRestoredState to keep its position and forget its windows, or with SKIP_RESTORE_FROM_SNAPSHOT to begin anew.',
        )
      return undefined
    },
    save: (checkpoint) => replace(file, JSON.stringify({ ...checkpoint, script: hashOf(script) } satisfies Stored)),
  }
}

async function readCheckpoint(file: string): Promise<Stored | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : JSON.parse(text)
}

export const forgetCheckpoint = (file: string): Promise<void> => rm(file, { force: true })

async function replace(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const staged = `${file}.new`
  const handle = await open(staged, 'w')
  await handle.writeFile(text)
  await handle.datasync()
  await handle.close()
  await rename(staged, file)
  const folder = await open(dirname(file), 'r')
  await folder.sync()
  await folder.close()
}
