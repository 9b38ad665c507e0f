/** Makes an archive unless it is there already. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Archive, type ArchiveOptions, completeOptions, generateArchive, type Truth } from './generate-archive.ts'

/**
 * The archive of these options: the one that the folder holds, if its truth file says that it was made from the same ones and its size is right; else
 * a new one.
 * @throws RangeError naming the option that is wrong
 */
export async function ensureArchive(options: ArchiveOptions): Promise<Archive & { made: boolean }> {
  const { quarter, layout, loans, seed, dirty, kinds, through } = completeOptions(options)
  const name = layout.archiveName(quarter)
  const target = path.resolve(options.folder, name)
  const truthPath = target.replace(/\.zip$/, '.truth.json')
  const truth = await readFile(truthPath, 'utf8').then(
    (text) => JSON.parse(text) as Truth,
    () => undefined,
  )
  const found = await stat(target).catch(() => undefined)
  const wanted = JSON.stringify({ loans, seed, dirty, kinds, through })
  if (truth?.layout === layout.name && truth.archive.size === found?.size && JSON.stringify(truth.options) === wanted) {
    return { name, path: target, size: found.size, sha256: truth.archive.sha256, truth, truthPath, made: false }
  }
  return { ...(await generateArchive(options)), made: true }
}
