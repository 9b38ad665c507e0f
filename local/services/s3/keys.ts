/**
 * Where the object of a key lies. `s3://bucket/a/b.txt` is the plain file `<root>/bucket/a/b.txt`, so that engines read and write
 * it in place. Two kinds of keys have no plain file, and lie in a hidden one (Hive and DuckDB skip names that begin with a dot):
 * `a/` is `a/.s3-folder`, and `a` is `.s3-object.a` as long as there are also keys below `a/`.
 */
import { lstatSync, mkdirSync, realpathSync, renameSync, rmdirSync, type Stats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { AwsError } from '../../gateway/aws-error.ts'

const FOLDER = '.s3-folder'
const ASIDE = '.s3-object.'
/** File systems allow 255 bytes a name; a key that steps aside needs some of them. */
const longestName = 255 - ASIDE.length

/**
 * The absolute path of an object or prefix, below `root`; a trailing `/` is dropped and an empty key gives the bucket's folder.
 * Symbolic links are refused, whether they stay in the bucket or not.
 * @throws AwsError InvalidURI for a key that would leave the bucket or that no file can have (`..`, empty segments, NUL, a link),
 * KeyTooLongError for more than 1024 bytes, or more than 244 between slashes
 */
export function objectPath(root: string, bucket: string, key: string): string {
  const home = bucketPath(root, bucket)
  const plain = key.endsWith('/') ? key.slice(0, -1) : key
  if (plain === '') {
    if (key === '') return home
    throw invalid(key)
  }
  if (Buffer.byteLength(key) > 1024) throw tooLong(key, 1024)
  for (const segment of plain.split('/')) {
    if (segment === '' || segment === '.' || segment === '..' || segment.includes('\0')) throw invalid(key)
    if (segment === FOLDER || segment.startsWith(ASIDE)) throw invalid(key)
    if (Buffer.byteLength(segment) > longestName) throw tooLong(key, longestName)
  }
  const path = join(home, plain)
  refuseLinks(home, path, key)
  return path
}

/**
 * A bucket's folder; it need not exist.
 * @throws AwsError InvalidBucketName for a name that is none by S3's rules
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)
 */
export function bucketPath(root: string, bucket: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes('..'))
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', { BucketName: bucket }, 400)
  return join(root, bucket)
}

/** The object's file, if there is one. @throws AwsError as {@link objectPath} does */
export function findFile(root: string, bucket: string, key: string): { path: string; stats: Stats } | undefined {
  const path = objectPath(root, bucket, key)
  for (const candidate of key.endsWith('/') ? [join(path, FOLDER)] : [path, asideOf(path)]) {
    const stats = look(candidate)
    if (stats?.isFile()) return { path: candidate, stats }
  }
  return undefined
}

/** Moves a finished file to its key's place, in one rename; a reader sees the old object or the new one. */
export function placeFile(root: string, bucket: string, key: string, finished: string): string {
  const path = objectPath(root, bucket, key)
  const home = bucketPath(root, bucket)
  makeFolder(home, key.endsWith('/') ? path : dirname(path))
  const isFolder = look(path)?.isDirectory()
  const place = key.endsWith('/') ? join(path, FOLDER) : isFolder ? asideOf(path) : path
  renameSync(finished, place)
  return place
}

/** Removes folders that became empty, up to the bucket's own: S3 knows keys only, so an empty folder is nothing. */
export function pruneFolders(root: string, bucket: string, from: string): void {
  const home = bucketPath(root, bucket)
  for (let folder = dirname(from); folder !== home && folder.startsWith(home); folder = dirname(folder)) {
    try {
      rmdirSync(folder)
    } catch {
      return
    }
    if (look(asideOf(folder))) renameSync(asideOf(folder), folder)
  }
}

/** The part of a key that a directory entry stands for, and whether engines made it for themselves (staging files). */
export function keyOf(entry: string): { name: string; staging: boolean } {
  if (entry === FOLDER) return { name: '', staging: false }
  if (entry.startsWith(ASIDE)) return { name: entry.slice(ASIDE.length), staging: false }
  return { name: entry, staging: entry.startsWith('.') || entry.startsWith('_temporary') }
}

const asideOf = (path: string) => join(dirname(path), ASIDE + basename(path))

/** Makes the folder; an object whose key is the name of a folder on the way steps aside. */
function makeFolder(home: string, folder: string) {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    for (let at = folder; at !== home; at = dirname(at)) if (look(at)?.isFile()) renameSync(at, asideOf(at))
    mkdirSync(folder, { recursive: true })
  }
}

/** The deepest folder that exists must lie where its name says. */
function refuseLinks(home: string, path: string, key: string) {
  const real = realPath(home)
  if (real === undefined) return
  for (let at = path; at !== home; at = dirname(at)) {
    const found = look(at)
    if (!found) continue
    if (realPath(at) !== real + at.slice(home.length)) throw invalid(key)
    return
  }
}

/** What lies there; nothing where a file stands in the way. */
function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
    throw error
  }
}

function realPath(path: string) {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

const invalid = (key: string) => new AwsError('InvalidURI', "Couldn't parse the specified URI.", { URI: key }, 400)
const tooLong = (key: string, most: number) =>
  new AwsError(
    'KeyTooLongError',
    'Your key is too long',
    { Size: String(Buffer.byteLength(key)), MaxSizeAllowed: String(most) },
    400,
  )
