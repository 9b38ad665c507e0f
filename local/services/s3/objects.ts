/** Operations on single objects. */
import { createHash } from 'node:crypto'
import { constants, copyFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Call, Operation } from '../../gateway/service.ts'
import { checksumsOf, verifiedChecksums } from './checksums.ts'
import { byteRange, checkCopySource, checkRead, noSuchKey } from './conditions.ts'
import { metadataKey, type Store, type StoredObject } from './store.ts'
import { checkTags, commit, describedBy, receive, remove } from './write.ts'

/** Objects up to this size are read at once; larger ones are streamed from an open file, which a later PutObject does not touch. */
const atOnce = 64 * 1024

export function objectOperations(store: Store): Record<string, Operation> {
  const { cloud } = store

  /** @throws AwsError NoSuchKey; AccessDenied instead for callers who may not list the bucket, so that they cannot learn its keys */
  function existing(bucket: string, key: string, call: Call): StoredObject {
    const { policy } = store.bucket(bucket)
    const object = store.find(bucket, key)
    if (object) return object
    cloud.authorize(call.principal, 's3', { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, policy })
    throw noSuchKey(key)
  }

  return {
    async PutObject(input) {
      const { Bucket, Key, Body } = input
      store.bucket(Bucket)
      store.find(Bucket, Key) // refuses bad keys before the body is read
      const about = describedBy(input)
      const staged = store.stagingFile()
      const { md5 } = await receive(staged, Body, input.ContentMD5)
      const checksums = { ...verifiedChecksums(Body) }
      const object = commit(
        store,
        Bucket,
        Key,
        staged,
        { ...about, etag: md5, checksums, checksumType: 'FULL_OBJECT' },
        input,
      )
      return {
        ETag: `"${object.etag}"`,
        ...checksums,
        ...(Object.keys(checksums).length > 0 && { ChecksumType: 'FULL_OBJECT' }),
      }
    },

    async GetObject(input, call) {
      const { Bucket, Key } = input
      const found = existing(Bucket, Key, call)
      const file = await open(found.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error) => {
        throw error.code === 'ENOENT' ? noSuchKey(Key) : error
      })
      try {
        // The open file, not the path, says what this answer is about: the object may be replaced meanwhile.
        const object = store.describe(Bucket, Key, found.path, await file.stat())
        checkRead(object, input)
        const range = rangeOf(input, object)
        const { from, to } = range ?? { from: 0, to: object.size - 1 }
        const length = to - from + 1
        const small = length <= atOnce ? Buffer.alloc(length) : undefined
        if (small) {
          for (let filled = 0; filled < length; ) {
            const { bytesRead } = await file.read(small, filled, length - filled, from + filled)
            if (bytesRead === 0) break
            filled += bytesRead
          }
          await file.close()
        }
        return {
          ...answer(object, input, range),
          ...overrides(input),
          Body: small
            ? Readable.from(length > 0 ? [small] : [], { objectMode: false })
            : file.createReadStream({ start: from, end: to, highWaterMark: 256 * 1024 }),
          ContentLength: length,
        }
      } catch (error) {
        await file.close()
        throw error
      }
    },

    HeadObject(input, call) {
      const { Bucket, Key } = input
      let object: StoredObject
      try {
        object = existing(Bucket, Key, call)
      } catch (error) {
        // A HEAD has no body that could tell more.
        throw ['NoSuchKey', 'NoSuchBucket'].includes((error as Error).name)
          ? new AwsError('NotFound', 'Not Found', {}, 404)
          : error
      }
      checkRead(object, input)
      const range = rangeOf(input, object)
      return {
        ...answer(object, input, range),
        ...overrides(input),
        ContentLength: range ? range.to - range.from + 1 : object.size,
      }
    },

    DeleteObject({ Bucket, Key }) {
      store.bucket(Bucket)
      remove(store, Bucket, Key)
      return {}
    },

    DeleteObjects({ Bucket, Delete }, call) {
      const { policy } = store.bucket(Bucket)
      const objects: { Key: string }[] = Delete?.Objects ?? []
      if (objects.length === 0 || objects.length > 1000)
        throw new AwsError(
          'MalformedXML',
          'The XML you provided was not well-formed or did not validate against our published schema',
          {},
          400,
        )
      const Deleted: { Key: string }[] = []
      const Errors: { Key: string; Code: string; Message: string }[] = []
      for (const { Key } of objects)
        try {
          const resource = `arn:aws:s3:::${Bucket}/${Key}`
          cloud.authorize(call.principal, 's3', { action: 's3:DeleteObject', resource, policy })
          remove(store, Bucket, Key)
          Deleted.push({ Key })
        } catch (error) {
          if (!(error instanceof AwsError)) throw error
          Errors.push({ Key, Code: error.name, Message: error.message })
        }
      return { ...(!Delete.Quiet && { Deleted }), ...(Errors.length > 0 && { Errors }) }
    },

    async CopyObject(input, call) {
      const { Bucket, Key } = input
      const from = copySource(input.CopySource)
      store.bucket(Bucket)
      const source = existing(from.bucket, from.key, call)
      checkCopySource(source, input)
      const replaced = input.MetadataDirective === 'REPLACE'
      if (from.bucket === Bucket && from.key === Key && !replaced && input.TaggingDirective !== 'REPLACE')
        throw new AwsError(
          'InvalidRequest',
          "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
          {},
          400,
        )
      const described = describedBy(input)
      const staged = store.stagingFile()
      copyFileSync(source.path, staged, constants.COPYFILE_FICLONE)
      const etag = /-/.test(source.etag) ? await md5OfFile(staged) : source.etag
      const whole = source.checksumType === 'FULL_OBJECT' ? source.checksums : undefined
      const tags = input.TaggingDirective === 'REPLACE' ? described.tags : source.tags
      const about = replaced ? described : { headers: source.headers, user: source.user }
      const object = commit(
        store,
        Bucket,
        Key,
        staged,
        { ...about, tags, etag, checksums: whole, checksumType: 'FULL_OBJECT' },
        input,
      )
      return { CopyObjectResult: { ETag: `"${object.etag}"`, LastModified: object.modified, ...whole } }
    },

    GetObjectTagging({ Bucket, Key }, call) {
      return { TagSet: existing(Bucket, Key, call).tags ?? [] }
    },

    PutObjectTagging({ Bucket, Key, Tagging }, call) {
      writeTags(existing(Bucket, Key, call), checkTags(Tagging?.TagSet ?? []))
      return {}
    },

    DeleteObjectTagging({ Bucket, Key }, call) {
      writeTags(existing(Bucket, Key, call), [])
      return {}
    },

    GetObjectAttributes(input, call) {
      const object = existing(input.Bucket, input.Key, call)
      const wanted: string[] = input.ObjectAttributes ?? []
      return {
        LastModified: object.modified,
        ...(wanted.includes('ETag') && { ETag: object.etag }),
        ...(wanted.includes('ObjectSize') && { ObjectSize: object.size }),
        ...(wanted.includes('StorageClass') && { StorageClass: 'STANDARD' }),
        ...(wanted.includes('Checksum') &&
          object.checksums && { Checksum: { ...object.checksums, ChecksumType: object.checksumType } }),
        ...(wanted.includes('ObjectParts') &&
          object.parts && { ObjectParts: { TotalPartsCount: object.parts.length } }),
      }
    },
  }

  function writeTags(object: StoredObject, tags: StoredObject['tags']) {
    const { bucket, key, path: _path, modified: _modified, ...about } = object
    store.metadata.put(metadataKey(bucket, key), { ...about, tags })
  }
}

/** `bucket/key`, URL-encoded, with or without a leading slash. @throws AwsError InvalidArgument */
export function copySource(source: string): { bucket: string; key: string } {
  const [, bucket, key] = /^\/?([^/]+)\/([^?]+)/.exec(source ?? '') ?? []
  if (!bucket || !key)
    throw new AwsError(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      { ArgumentName: 'x-amz-copy-source', ArgumentValue: source },
      400,
    )
  return { bucket, key: decodeURIComponent(key.replaceAll('+', ' ')) }
}

function rangeOf(input: any, object: StoredObject): { from: number; to: number } | undefined {
  const { PartNumber } = input
  if (PartNumber === undefined) return byteRange(input.Range, object.size)
  const parts = object.parts ?? [object.size]
  const size = parts[PartNumber - 1]
  if (size === undefined)
    throw new AwsError(
      'InvalidPartNumber',
      'The requested partnumber is not satisfiable',
      { PartNumberRequested: PartNumber },
      416,
    )
  const from = parts.slice(0, PartNumber - 1).reduce((sum, one) => sum + one, 0)
  return size === 0 ? undefined : { from, to: from + size - 1 }
}

function answer(object: StoredObject, input: any, range: { from: number; to: number } | undefined) {
  const whole = input.ChecksumMode === 'ENABLED' && !range && object.checksums ? checksumsOf(object.checksums) : {}
  return {
    AcceptRanges: 'bytes',
    LastModified: object.modified,
    ETag: `"${object.etag}"`,
    ContentType: 'binary/octet-stream',
    ...object.headers,
    Metadata: object.user ?? {},
    ...(object.tags?.length && { TagCount: object.tags.length }),
    ...(input.PartNumber !== undefined && object.parts && { PartsCount: object.parts.length }),
    ...(range && { ContentRange: `bytes ${range.from}-${range.to}/${object.size}` }),
    ...whole,
    ...(Object.keys(whole).length > 0 && { ChecksumType: object.checksumType }),
  }
}

/** The headers that the request may set for the answer, mostly of presigned URLs. */
function overrides(input: any) {
  const set: Record<string, unknown> = {}
  for (const name of [
    'ContentType',
    'CacheControl',
    'ContentDisposition',
    'ContentEncoding',
    'ContentLanguage',
    'Expires',
  ])
    if (input[`Response${name}`] !== undefined) set[name] = input[`Response${name}`]
  return set
}

async function md5OfFile(path: string): Promise<string> {
  const hash = createHash('md5')
  await using file = await open(path)
  for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk)
  return hash.digest('hex')
}
