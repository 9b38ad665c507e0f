/** `stepwell reset`: empties the data directory, but for archives of the person's own. */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { ownArchives } from '../../data/loans/ensure-archive.ts'
import { lockDataDir } from '../../local/lock.ts'
import { CliError } from '../errors.ts'
import { addDataDir, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { archiveFolder } from '../samples.ts'

// What a data directory of the local cloud has; a folder without is none, and is not emptied.
const MARKS = ['cloud.sqlite', 'source-site', 'log']

export function reset(command: Command): Command {
  return addJson(addDataDir(command)).action(run)
}

async function run(options: { dataDir: string; json?: boolean }): Promise<void> {
  const output = new Output(options)
  const folder = path.resolve(options.dataDir)
  const kept = existsSync(folder) ? await ownArchives(archiveFolder(folder)) : []
  const removed = await emptyDataDir(folder, kept)
  output.object({ type: 'reset', dataDir: folder, removed, kept })
  output.line(
    removed
      ? `${folder} is empty. The next start makes everything anew.`
      : `${folder} holds nothing: there is nothing to remove.`,
  )
  if (kept.length > 0) output.line(`Kept, because they are no samples: ${kept.join(', ')} in ${archiveFolder(folder)}`)
}

/** @param kept archives that stay. @throws CliError when the folder is not a data directory; DataDirInUseError when a local cloud runs in it */
async function emptyDataDir(folder: string, kept: readonly string[]): Promise<boolean> {
  if (!existsSync(folder)) return false
  const entries = (await readdir(folder)).filter((name) => name !== 'cloud.pid')
  if (entries.length === 0) return false
  if (!MARKS.some((mark) => entries.includes(mark))) {
    throw new CliError(
      `${folder} is not a data directory of the local cloud (it has none of ${MARKS.join(', ')}), so nothing is removed.`,
    )
  }
  const unlock = lockDataDir(folder)
  try {
    for (const name of entries) {
      if (kept.length > 0 && path.join(folder, name) === archiveFolder(folder)) continue
      await rm(path.join(folder, name), { recursive: true, force: true })
    }
    if (kept.length === 0) return true
    for (const name of await readdir(archiveFolder(folder))) {
      if (!kept.includes(name)) await rm(path.join(archiveFolder(folder), name), { recursive: true, force: true })
    }
  } finally {
    unlock()
  }
  return true
}
