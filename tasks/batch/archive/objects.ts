/** Objects of a bucket, large ones and many at a time. */

import type { Readable } from 'node:stream'
import { DeleteObjectsCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { TaskError } from '../../errors.ts'

/** What one DeleteObjects takes. */
const MAX_KEYS = 1000

/** 10,000 parts of 16 MiB make 160 GB; four of them at a time stay far below a function's memory. */
const PART_BYTES = 16 * 1024 ** 2

const s3 = new S3Client({})

interface StreamedObject {
  Bucket: string
  Key: string
  Body: Readable
  ContentType: string
  Metadata: Record<string, string>
}

/** Uploads a stream in parts; the object appears whole or not at all. The stream is closed then. @throws what the stream throws */
export async function upload(params: StreamedObject, signal: AbortSignal): Promise<void> {
  const uploading = new Upload({ client: s3, params, partSize: PART_BYTES, queueSize: 4 })
  const abort = () => void uploading.abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await uploading.done()
  } finally {
    signal.removeEventListener('abort', abort)
    params.Body.destroy()
  }
}

export async function putJson(bucket: string, key: string, value: unknown): Promise<void> {
  const Body = `${JSON.stringify(value, null, 2)}\n`
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body, ContentType: 'application/json' }))
}

/** The keys below a prefix, a page at a time. */
export async function* keysBelow(bucket: string, prefix: string): AsyncGenerator<string[]> {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix })) {
    const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? [])
    if (keys.length > 0) yield keys
  }
}

/** Removes objects; those that are gone already are no error. @throws TaskError with S3's own code, naming the first key that stayed */
export async function removeObjects(bucket: string, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += MAX_KEYS) {
    const Objects = keys.slice(start, start + MAX_KEYS).map((Key) => ({ Key }))
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    )
    const [first] = Errors
    if (first)
      throw new TaskError(
        first.Code ?? 'S3DeleteError',
        `Could not remove s3://${bucket}/${first.Key}: ${first.Message}`,
      )
  }
}
