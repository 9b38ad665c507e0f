/** Where a script's locations lie on this machine. */
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { HiveSemanticError } from '../errors.ts'

export type Access = 'read' | 'list' | 'write' | 'delete'

/** `s3://bucket/prefix/` → a path, after the check whether the script may do that there. */
export type Locate = (uri: string, access: Access) => Promise<string>

export class Storage {
  readonly #locate: Locate
  readonly #hdfs: string

  /** @param hdfs the folder that stands for the cluster's HDFS */
  constructor(locate: Locate, hdfs: string) {
    this.#locate = locate
    this.#hdfs = resolve(hdfs)
  }

  /**
   * The path of a location. A location is a folder: permissions are asked for `location/`.
   *
   * @throws HiveSemanticError for schemes that no cluster here has; whatever `locate` throws, such as AccessDenied
   */
  async folder(location: string, access: Access): Promise<string> {
    const s3 = /^s3[an]?:\/\/(.*)$/.exec(location)
    if (s3) return (await this.#locate(`s3://${s3[1]!.replace(/\/*$/, '')}/`, access)).replace(/\/+$/, '')
    const scheme = /^([a-z0-9+.-]+):/i.exec(location)?.[1]
    if (scheme && scheme !== 'hdfs') throw new HiveSemanticError(`Locations are s3:// or hdfs://, not ${location}`)
    const path = resolve(this.#hdfs, `.${location.replace(/^hdfs:(\/\/[^/]*)?/, '').replace(/^(?!\/)/, '/')}`)
    if (path !== this.#hdfs && !path.startsWith(this.#hdfs + sep))
      throw new HiveSemanticError(`The location ${location} leaves the file system`)
    return path
  }
}

/** Hadoop ignores names that begin with these: temporary and hidden files. */
const hidden = (name: string): boolean => name.startsWith('_') || name.startsWith('.')

/** The data files below a folder, sorted; none if there is no folder. */
export async function dataFiles(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await entries(folder)) {
    if (hidden(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await dataFiles(path)))
    else if (entry.isFile()) found.push(path)
  }
  return found.sort()
}

/** Folders `column=value` below a folder, for one level each of `columns`: their values, decoded, and their relative paths. */
export async function partitionFolders(
  folder: string,
  columns: readonly string[],
): Promise<{ values: string[]; path: string }[]> {
  const [column, ...rest] = columns
  if (column === undefined) return [{ values: [], path: '' }]
  const found: { values: string[]; path: string }[] = []
  for (const entry of await entries(folder)) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(entry.name) ?? []
    if (!entry.isDirectory() || name?.toLowerCase() !== column) continue
    for (const inner of await partitionFolders(join(folder, entry.name), rest)) {
      found.push({
        values: [unescapePathName(value!), ...inner.values],
        path: inner.path ? `${entry.name}/${inner.path}` : entry.name,
      })
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function entries(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** What Hive escapes in a partition's folder name (FileUtils.escapePathName). */
const UNSAFE = /[\u0000-\u001f"#%'*/:=?\\\u007f{[\]^]/g

export const escapePathName = (value: string): string =>
  value.replace(UNSAFE, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

const unescapePathName = (name: string): string =>
  name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Moves a file into place with one rename, over whatever was there. */
export async function moveFile(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    const near = join(dirname(to), `.${to.slice(dirname(to).length + 1)}.tmp`)
    await copyFile(from, near)
    await rename(near, to)
    await rm(from)
  }
}

/** Removes the data files of a folder, but for those to keep. */
export async function removeFiles(folder: string, keep: ReadonlySet<string> = new Set()): Promise<void> {
  for (const file of await dataFiles(folder)) if (!keep.has(file)) await rm(file)
}
