/** Buckets and what S3 keeps about an object besides its bytes. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'
import { bucketPath, findFile } from './keys.ts'

export interface Bucket {
  name: string
  /** ISO 8601. */
  created: string
  policy?: PolicyDocument
  tags?: Record<string, string>
}

export interface Tag {
  Key: string
  Value: string
}

/** Valid only while the file still has this size and time: an engine that rewrote the file in place made another object. */
export interface Metadata {
  size: number
  mtimeMs: number
  /** Without the quotes: MD5 in hex, with `-n` after a multipart upload of n parts. */
  etag: string
  /** ContentType, CacheControl, … as PutObject got them. */
  headers?: Record<string, string>
  user?: Record<string, string>
  tags?: Tag[]
  /** ChecksumCRC32, … in base64. */
  checksums?: Record<string, string>
  checksumType?: 'FULL_OBJECT' | 'COMPOSITE'
  /** The sizes of the parts of a multipart upload. */
  parts?: number[]
}

export interface StoredObject extends Metadata {
  bucket: string
  key: string
  path: string
  modified: Date
}

export interface Store {
  readonly root: string
  readonly cloud: Cloud
  readonly buckets: Collection<Bucket>
  readonly metadata: Collection<Metadata>
  /** @throws AwsError NoSuchBucket */
  bucket(name: string): Bucket
  find(bucket: string, key: string): StoredObject | undefined
  describe(bucket: string, key: string, path: string, stats: Stats): StoredObject
  createBucket(name: string): Bucket
  deleteBucket(name: string): void
  /** A new file on the same file system as the objects, outside of all buckets. */
  stagingFile(): string
  /** Forgets what a crash has left behind. */
  clean(): void
}

export const metadataKey = (bucket: string, key: string) => `${bucket}/${key}`

export function createStore(cloud: Cloud): Store {
  const root = cloud.folder('s3')
  const buckets = cloud.collection<Bucket>('s3.buckets')
  const metadata = cloud.collection<Metadata>('s3.objects')
  const staging = () => cloud.folder('s3-staging')

  const store: Store = {
    root,
    cloud,
    buckets,
    metadata,

    bucket(name) {
      const bucket = buckets.get(name)
      if (!bucket) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', { BucketName: name }, 404)
      return bucket
    },

    find(bucket, key) {
      const file = findFile(root, bucket, key)
      return file && store.describe(bucket, key, file.path, file.stats)
    },

    describe(bucket, key, path, stats) {
      const known = metadata.get(metadataKey(bucket, key))
      const valid = known && known.size === stats.size && known.mtimeMs === stats.mtimeMs
      const about = valid ? known : { size: stats.size, mtimeMs: stats.mtimeMs, etag: etagOfFile(stats) }
      return { ...about, bucket, key, path, modified: new Date(stats.mtimeMs) }
    },

    createBucket(name) {
      const existing = buckets.get(name)
      const bucket = existing ?? { name, created: new Date().toISOString() }
      mkdirSync(bucketPath(root, name), { recursive: true })
      if (!existing) buckets.put(name, bucket)
      return bucket
    },

    deleteBucket(name) {
      rmSync(bucketPath(root, name), { recursive: true, force: true })
      for (const [key] of metadata.entries(`${name}/`)) metadata.delete(key)
      buckets.delete(name)
    },

    stagingFile: () => join(staging(), randomUUID()),

    clean() {
      rmSync(staging(), { recursive: true, force: true })
      for (const [name] of buckets.entries())
        if (!existsSync(bucketPath(root, name))) mkdirSync(bucketPath(root, name), { recursive: true })
    },
  }
  return store
}

/**
 * The ETag of a file that an engine wrote in place. EMR and Redshift write by multipart upload, whose ETag is no MD5 of the content
 * either; made of size and time it costs no reading, and it changes with the file.
 */
function etagOfFile({ size, mtimeMs, ino }: Stats): string {
  return `${createHash('md5').update(`${ino}.${size}.${mtimeMs}`).digest('hex')}-1`
}
