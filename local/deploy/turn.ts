/** One process after the other: for work that several may want done at once and that needs doing only once. */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 50

/** A turn whose process id has not been written in this time belongs to a process that died while it took the turn. */
const writingMs = 5_000

/** The turns of this process: after a crash, its id may have been another's. */
const mine = new Set<string>()

/**
 * Waits until nobody alive has the turn, then takes it.
 *
 * @param file names the turn; it holds the process id of whoever has it
 * @returns gives the turn back
 */
export async function takeTurn(file: string): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true })
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' })
      mine.add(file)
      return async () => {
        mine.delete(file)
        await rm(file, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (await isAbandoned(file)) await rm(file, { force: true })
      else await sleep(pollMs)
    }
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const owner = await readFile(file, 'utf8').catch(() => undefined)
  // Given back in between: the next attempt takes it.
  if (owner === undefined) return false
  if (owner === '') {
    const written = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    )
    return Date.now() - written > writingMs
  }
  const pid = Number(owner)
  return pid === process.pid ? !mine.has(file) : !isAlive(pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
