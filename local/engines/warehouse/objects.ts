/** The S3 objects a COPY reads: all keys that begin with a prefix, or those that a manifest names. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { WarehouseError, WarehouseStorageError } from './errors.ts'

/**
 * An S3 address as a path, after the check that `role` may do this.
 * `list` gives the path that the prefix would have, whether or not anything is there.
 */
export type Locate = (uri: string, access: 'read' | 'list' | 'write' | 'delete', role: string) => Promise<string>

export interface StoredObject {
  uri: string
  path: string
  size: number
}

const Manifest = z.object({
  entries: z
    .array(
      z.object({
        url: z.string().startsWith('s3://'),
        mandatory: z.boolean().optional(),
        meta: z.object({ content_length: z.number() }).partial().optional(),
      }),
    )
    .min(1),
})

/** @throws WarehouseStorageError in Redshift's words when S3 refuses */
export async function locateObject(
  locate: Locate,
  uri: string,
  access: 'read' | 'list' | 'write' | 'delete',
  role: string,
): Promise<string> {
  try {
    return await locate(uri, access, role)
  } catch (error) {
    if (error instanceof WarehouseError || !(error instanceof Error)) throw error
    const status = /^AccessDenied/.test(error.name) ? 403 : 404
    const text = `S3ServiceException:${error.message},Status ${status},Error ${error.name},CanRetry 0`
    throw new WarehouseStorageError('XX000', text, {}, { cause: error })
  }
}

/**
 * All objects whose key begins with the prefix, in the order of their keys.
 *
 * @throws WarehouseStorageError when there is none
 */
export async function listObjects(locate: Locate, prefix: string, role: string): Promise<StoredObject[]> {
  const slash = prefix.lastIndexOf('/')
  const folderUri = prefix.slice(0, slash + 1)
  const start = prefix.slice(slash + 1)
  const located = await locateObject(locate, prefix, 'list', role)
  const folder = start === '' ? located : dirname(located)
  const beginning = start === '' ? '' : basename(located)
  const found: { uri: string; path: string }[] = []
  for (const name of await namesIn(folder)) {
    if (name.startsWith(beginning)) await walk(join(folder, name), folderUri + name, found)
  }
  if (found.length === 0) {
    const text = `The specified S3 prefix '${prefix.replace(/^s3:\/\/[^/]+\//, '')}' does not exist`
    throw new WarehouseStorageError('XX000', text)
  }
  return Promise.all(
    found
      .sort((one, other) => (one.uri < other.uri ? -1 : 1))
      .map(async ({ uri }) => {
        const path = await locateObject(locate, uri, 'read', role)
        return { uri, path, size: (await stat(path)).size }
      }),
  )
}

/**
 * The objects that a manifest names; the ones that are missing and not mandatory are left out.
 * https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
 */
export async function manifestObjects(
  locate: Locate,
  uri: string,
  role: string,
  columnar: boolean,
): Promise<StoredObject[]> {
  const path = await locateObject(locate, uri, 'read', role)
  const text = await readFile(path, 'utf8').catch(() => {
    throw new WarehouseStorageError('XX000', `Manifest file is not found: ${uri}`)
  })
  const parsed = Manifest.safeParse(parseJson(text))
  if (!parsed.success) {
    const where = parsed.error.issues[0]
    const what = `Manifest file ${uri} is not in correct json format: ${where?.path.join('.')}: ${where?.message}`
    throw new WarehouseStorageError('XX000', what)
  }
  const objects: StoredObject[] = []
  for (const entry of parsed.data.entries) {
    if (columnar && entry.meta?.content_length === undefined) {
      throw new WarehouseStorageError(
        'XX000',
        `Manifest entry ${entry.url} has no meta.content_length, which PARQUET needs`,
      )
    }
    const object = await locateObject(locate, entry.url, 'read', role)
    const size = await stat(object).then(
      (found) => found.size,
      () => undefined,
    )
    if (size === undefined) {
      if (!entry.mandatory) continue
      throw new WarehouseStorageError(
        'XX000',
        `Problem reading manifest file - mandatory file ${entry.url} does not exist`,
      )
    }
    objects.push({ uri: entry.url, path: object, size })
  }
  return objects
}

/** Spectrum reads no file whose name begins with `_`, `.` or `#`, or ends with `~`. */
export function isHidden(object: StoredObject): boolean {
  return /^[_.#]|~$/.test(basename(object.path))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is in a folder, but for the files and folders that engines stage their output in. */
async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  return names.filter((name) => !name.startsWith('.') && !name.startsWith('_temporary'))
}

async function walk(path: string, uri: string, found: { uri: string; path: string }[]): Promise<void> {
  const entry = await stat(path)
  if (entry.isFile()) found.push({ uri, path })
  else for (const name of await namesIn(path)) await walk(join(path, name), `${uri}/${name}`, found)
}
