/** Objects of a bucket, many at a time. */
import { DeleteObjectsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { TaskError } from '../../errors.ts'

/** What one DeleteObjects takes. */
const MAX_KEYS = 1000

const s3 = new S3Client({})

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
