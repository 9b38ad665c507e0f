/** Tells whether anything that a result is made from has changed. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/**
 * A hash of the names and contents of all files below `sources`, and of the Node.js version. Markdown and dot files are left out: nothing is
 * made from them.
 *
 * @param sources files and folders below the root; one that is missing counts as empty
 */
export async function hashSources(root: string, sources: readonly string[]): Promise<string> {
  const files = (await Promise.all(sources.map((source) => filesBelow(join(root, source))))).flat().sort()
  const contents = await Promise.all(files.map((file) => readFile(file)))
  const hash = createHash('sha256').update(process.version)
  files.forEach((file, index) => {
    const content = contents[index]!
    hash.update(`\n${relative(root, file)} ${content.byteLength}\n`).update(content)
  })
  return hash.digest('hex').slice(0, 32)
}

async function filesBelow(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const nested = entries
    .filter((entry) => !entry.name.startsWith('.') && !entry.name.endsWith('.md'))
    .map((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)]))
  return (await Promise.all(nested)).flat()
}
