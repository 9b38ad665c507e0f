/**
 * The keys of a bucket in the order of their UTF-8 bytes, read from its folders as they are needed. A folder's names are sorted with
 * a `/` behind those of folders, which makes the walk come out in the order of the keys; sorted names of large folders are kept for
 * the next page.
 */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { bucketPath, keyOf } from './keys.ts'
import { metadataKey, type Store, type StoredObject } from './store.ts'

interface Entry {
  /** Key segment; ends with `/` for folders. */
  name: string
  file: string
  folder: boolean
  staging: boolean
}

export interface Page {
  objects: StoredObject[]
  commonPrefixes: string[]
  /** The last key or common prefix of a page that is not the last. */
  next?: string
}

export interface Query {
  bucket: string
  prefix: string
  delimiter?: string
  /** Keys up to and including this one, and all keys below it if it is a common prefix, have been listed. */
  after: string
  limit: number
}

/** Compares by UTF-8 bytes: as code units compare, but with surrogates after all others. */
export function byteOrder(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  let i = 0
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++
  return i === shorter ? a.length - b.length : weight(a.charCodeAt(i)) - weight(b.charCodeAt(i))
}
const weight = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)

export function createListing(store: Store) {
  const folders = createFolderCache()

  /** The first page of keys after `after`. */
  return function page({ bucket, prefix, delimiter, after, limit }: Query): Page {
    const objects: StoredObject[] = []
    const commonPrefixes: string[] = []
    const skip: Skip = { after, prefix: delimiter && after.endsWith(delimiter) ? after : undefined }
    let next = ''
    if (limit > 0)
      for (const { key, path } of walk(bucketPath(store.root, bucket), '', prefix, skip, false)) {
        const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
        const common = cut < 0 ? undefined : key.slice(0, cut + delimiter!.length)
        const stats = common === undefined ? lstatSync(path, { throwIfNoEntry: false }) : undefined
        if (common === undefined && !stats?.isFile()) continue // deleted since its folder was read
        if (objects.length + commonPrefixes.length === limit) return { objects, commonPrefixes, next }
        if (common === undefined) objects.push(store.describe(bucket, key, path, stats!))
        else {
          commonPrefixes.push(common)
          skip.prefix = common
        }
        next = common ?? key
      }
    return { objects, commonPrefixes }

    function* walk(
      folder: string,
      above: string,
      wanted: string,
      skipped: Skip,
      hidden: boolean,
    ): Generator<{ key: string; path: string }> {
      const entries = folders.read(folder)
      const start = byteOrder(wanted, skipped.after) > 0 ? wanted : skipped.after
      for (let i = firstAfter(entries, above, start); i < entries.length; i++) {
        const entry = entries[i]!
        const key = above + entry.name
        if (skipped.prefix !== undefined && key.startsWith(skipped.prefix)) continue
        if (entry.folder) {
          if (key.startsWith(wanted) || wanted.startsWith(key))
            yield* walk(join(folder, entry.file), key, wanted, skipped, hidden || entry.staging)
          else if (byteOrder(key, wanted) > 0) return
          continue
        }
        if (byteOrder(key, skipped.after) <= 0) continue
        if (!key.startsWith(wanted)) {
          if (byteOrder(key, wanted) > 0) return
          continue
        }
        // What an engine writes before it commits is no object; what came through S3 is one, whatever its name.
        if ((hidden || entry.staging) && !store.metadata.get(metadataKey(bucket, key))) continue
        yield { key, path: join(folder, entry.file) }
      }
    }
  }
}

interface Skip {
  after: string
  prefix: string | undefined
}

/** The first entry that may hold keys at or after `start`: everything before it is smaller, folders with all they hold. */
function firstAfter(entries: Entry[], above: string, start: string): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = entries[middle]!
    const key = above + entry.name
    if (byteOrder(key, start) < 0 && !(entry.folder && start.startsWith(key))) low = middle + 1
    else high = middle
  }
  return low
}

/** Sorted folders, valid while the folder's time stands still. */
function createFolderCache() {
  const cache = new Map<string, { mtimeMs: number; entries: Entry[] }>()
  const large = 500
  const most = 64

  return {
    read(folder: string): Entry[] {
      const stats = lstatSync(folder, { throwIfNoEntry: false })
      if (!stats?.isDirectory()) return []
      const cached = cache.get(folder)
      if (cached?.mtimeMs === stats.mtimeMs) return cached.entries
      cache.delete(folder)
      const entries = readFolder(folder)
      // A time of this very moment can be that of the next change too, so it proves nothing.
      if (entries.length >= large && Date.now() - stats.mtimeMs > 100) {
        cache.set(folder, { mtimeMs: stats.mtimeMs, entries })
        const oldest = cache.keys().next().value
        if (cache.size > most && oldest !== undefined) cache.delete(oldest)
      }
      return entries
    },
  }
}

function readFolder(folder: string): Entry[] {
  const entries: Entry[] = []
  const plain = new Set<string>()
  for (const found of readdirSync(folder, { withFileTypes: true })) {
    if (!found.isFile() && !found.isDirectory()) continue // links and sockets are no objects
    const isFolder = found.isDirectory()
    const { name, staging } = keyOf(found.name)
    entries.push({ name: isFolder ? `${found.name}/` : name, file: found.name, folder: isFolder, staging })
    if (!isFolder && name === found.name) plain.add(name)
  }
  return entries
    .filter((entry) => entry.name === entry.file || entry.folder || !plain.has(entry.name))
    .sort((a, b) => byteOrder(a.name, b.name))
}
