/** Makes an archive unless it is there already. */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { type Archive, type ArchiveOptions, completeOptions, generateArchive, type Truth } from './generate-archive.ts'
import { LAYOUTS } from './layouts/index.ts'

/** The folder holds a file of the archive's name that the generator did not make. */
export class ForeignArchiveError extends Error {
  override readonly name = 'ForeignArchiveError'
  constructor(file: string) {
    super(
      `${file} is no sample: no truth file beside it tells of it. It is left alone; move it, or generate into another folder.`,
    )
  }
}

/**
 * The archive of these options: the one that the folder holds, if its truth file says that it was made from the same ones and its size is right; else
 * a new one. Samples of the same quarter in another layout leave the folder, because a quarter has one archive.
 * @throws RangeError naming the option that is wrong
 * @throws ForeignArchiveError rather than overwriting what was not generated
 */
export async function ensureArchive(options: ArchiveOptions): Promise<Archive & { made: boolean }> {
  const { quarter, layout, loans, seed, dirty, kinds, through } = completeOptions(options)
  const name = layout.archiveName(quarter)
  const target = path.resolve(options.folder, name)
  const truthPath = truthFileOf(target)
  const truth = await readTruth(truthPath)
  const found = await stat(target).catch(() => undefined)
  // Somebody's own archive may also have taken the place of a sample.
  if (found && found.size !== truth?.archive.size) throw new ForeignArchiveError(target)
  const wanted = JSON.stringify({ loans, seed, dirty, kinds, through })
  if (truth?.layout === layout.name && truth.archive.size === found?.size && JSON.stringify(truth.options) === wanted) {
    return { name, path: target, size: found.size, sha256: truth.archive.sha256, truth, truthPath, made: false }
  }
  const archive = await generateArchive(options)
  for (const other of Object.values(LAYOUTS)) {
    const file = path.resolve(options.folder, other.archiveName(quarter))
    if (file === target || !(await isSample(file))) continue
    await rm(file, { force: true })
    await rm(truthFileOf(file), { force: true })
  }
  return { ...archive, made: true }
}

/** The archives of a folder that the generator did not make: somebody's own. */
export async function ownArchives(folder: string): Promise<string[]> {
  const own: string[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    if (/\.zip$/i.test(name) && !(await isSample(path.resolve(folder, name)))) own.push(name)
  }
  return own
}

/** The truth files of the samples in a folder. */
export async function sampleTruths(folder: string): Promise<Truth[]> {
  const truths: Truth[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    const archive = path.resolve(folder, name)
    if (!/\.zip$/i.test(name) || !(await isSample(archive))) continue
    const truth = await readTruth(truthFileOf(archive))
    if (truth) truths.push(truth)
  }
  return truths
}

async function isSample(archive: string): Promise<boolean> {
  const [truth, found] = await Promise.all([readTruth(truthFileOf(archive)), stat(archive).catch(() => undefined)])
  return truth !== undefined && truth.archive.size === found?.size
}

function truthFileOf(archive: string): string {
  return archive.replace(/\.zip$/, '.truth.json')
}

async function readTruth(file: string): Promise<Truth | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Truth
  } catch {
    // Missing, or cut off by a crash: either way it vouches for nothing.
    return undefined
  }
}
