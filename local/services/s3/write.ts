/** How an object comes to be: its bytes to a staging file, one rename, then what S3 keeps about it. */
import { createHash } from 'node:crypto'
import { lstatSync, rmSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { AwsError } from '../../gateway/aws-error.ts'
import { checkWrite } from './conditions.ts'
import { findFile, placeFile, pruneFolders } from './keys.ts'
import { type Metadata, metadataKey, type Store, type StoredObject, type Tag } from './store.ts'

const blockBytes = 512 * 1024

/** Writes a body to a file. @throws AwsError BadDigest when it is not what `contentMD5` (base64) says */
export async function receive(
  path: string,
  body: unknown,
  contentMD5?: string,
): Promise<{ md5: string; size: number }> {
  const hash = createHash('md5')
  let size = 0
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  let file: FileHandle | undefined
  let writing: Promise<unknown> = Promise.resolve()
  try {
    for await (const chunk of asStream(body)) {
      const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      hash.update(bytes)
      size += bytes.length
      gathered.push(bytes)
      gatheredBytes += bytes.length
      if (gatheredBytes < blockBytes) continue
      // One block is written while the next one comes in.
      await writing
      file ??= await open(path, 'w')
      writing = file.appendFile(Buffer.concat(gathered))
      writing.catch(() => {}) // it is awaited before the next one, which may be later than it fails
      gathered = []
      gatheredBytes = 0
    }
    await writing
    // A small object is one write, without a file handle's trips to the thread pool.
    if (!file) writeFileSync(path, Buffer.concat(gathered))
    else if (gatheredBytes > 0) await file.appendFile(Buffer.concat(gathered))
    await file?.close()
    const digest = hash.digest()
    if (contentMD5 !== undefined && contentMD5 !== digest.toString('base64'))
      throw new AwsError(
        'BadDigest',
        'The Content-MD5 you specified did not match what we received.',
        { ExpectedDigest: contentMD5, CalculatedDigest: digest.toString('base64') },
        400,
      )
    return { md5: digest.toString('hex'), size }
  } catch (error) {
    await writing.catch(() => {})
    await file?.close().catch(() => {})
    rmSync(path, { force: true })
    throw error
  }
}

/** Makes a finished staging file the object; the conditions hold at the moment of the rename. */
export function commit(
  store: Store,
  bucket: string,
  key: string,
  finished: string,
  about: Omit<Metadata, 'size' | 'mtimeMs'>,
  conditions: { IfMatch?: string; IfNoneMatch?: string } = {},
): StoredObject {
  try {
    store.bucket(bucket)
    checkWrite(store.find(bucket, key), key, conditions)
    const path = placeFile(store.root, bucket, key, finished)
    const stats = lstatSync(path)
    store.metadata.put(metadataKey(bucket, key), { ...about, size: stats.size, mtimeMs: stats.mtimeMs })
    return store.describe(bucket, key, path, stats)
  } finally {
    rmSync(finished, { force: true })
  }
}

/** Deleting what is not there is no error. */
export function remove(store: Store, bucket: string, key: string): void {
  const file = findFile(store.root, bucket, key)
  store.metadata.delete(metadataKey(bucket, key))
  if (!file) return
  rmSync(file.path, { force: true })
  pruneFolders(store.root, bucket, file.path)
}

const systemHeaders = [
  'ContentType',
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'WebsiteRedirectLocation',
] as const

/** The headers and the user's metadata of an object, from the input of PutObject, CreateMultipartUpload or CopyObject. */
export function describedBy(input: any): Pick<Metadata, 'headers' | 'user' | 'tags'> {
  const headers: Record<string, string> = {}
  for (const name of systemHeaders) if (input[name] !== undefined) headers[name] = String(input[name])
  if (headers.ContentEncoding) {
    // The transfer encoding of a signed upload is not part of the object.
    const encodings = headers.ContentEncoding.split(',').map((one) => one.trim())
    headers.ContentEncoding = encodings.filter((one) => one !== 'aws-chunked').join(',')
    if (headers.ContentEncoding === '') delete headers.ContentEncoding
  }
  const user = Object.fromEntries(Object.entries(input.Metadata ?? {}).map(([k, v]) => [k.toLowerCase(), String(v)]))
  return {
    headers: { ContentType: 'binary/octet-stream', ...headers },
    user,
    ...(input.Tagging && { tags: parseTagging(input.Tagging) }),
  }
}

/** The `x-amz-tagging` header: URL-encoded pairs. */
function parseTagging(tagging: string): Tag[] {
  return checkTags([...new URLSearchParams(tagging)].map(([Key, Value]) => ({ Key, Value })))
}

/** @throws AwsError BadRequest for more than ten tags, InvalidTag for a tag twice or a wrong length */
export function checkTags(tags: Tag[]): Tag[] {
  if (tags.length > 10) throw new AwsError('BadRequest', 'Object tags cannot be greater than 10', {}, 400)
  const keys = new Set(tags.map((tag) => tag.Key))
  if (keys.size < tags.length)
    throw new AwsError('InvalidTag', 'Cannot provide multiple Tags with the same key', {}, 400)
  for (const { Key, Value } of tags) {
    if (!Key || Key.length > 128)
      throw new AwsError('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: Key }, 400)
    if ((Value ?? '').length > 256)
      throw new AwsError('InvalidTag', 'The TagValue you have provided is invalid', { TagValue: Value }, 400)
  }
  return tags.map(({ Key, Value }) => ({ Key, Value: Value ?? '' }))
}

function asStream(body: unknown): Readable {
  if (body instanceof Readable) return body
  if (body === undefined || body === null) return Readable.from([])
  if (typeof body === 'string' || body instanceof Uint8Array) return Readable.from([Buffer.from(body as Uint8Array)])
  if (body instanceof Blob) return Readable.fromWeb(body.stream() as never)
  if (body instanceof ReadableStream) return Readable.fromWeb(body as never)
  throw new TypeError(`The body of an object has to be a stream, bytes or a string, not ${typeof body}.`)
}
