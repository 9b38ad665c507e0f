/** One local cloud a data directory: two would write over each other's state. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export class DataDirInUseError extends Error {
  override readonly name = 'DataDirInUseError'
  constructor(dataDir: string, pid: number) {
    super(
      `${dataDir} is in use by the local cloud with process id ${pid}. Stop that one, or choose another folder with --data-dir.`,
    )
  }
}

/** Returns the function that unlocks. A lock whose process is gone counts for nothing. @throws DataDirInUseError */
export function lockDataDir(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, 'cloud.pid')
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const owner = Number(readFileSync(file, 'utf8'))
    if (owner !== process.pid && isAlive(owner)) throw new DataDirInUseError(dataDir, owner)
    if (owner === process.pid && held.has(file)) throw new DataDirInUseError(dataDir, owner)
    writeFileSync(file, String(process.pid))
  }
  held.add(file)
  return () => {
    held.delete(file)
    rmSync(file, { force: true })
  }
}

const held = new Set<string>()

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
