/** The source that is a landing prefix of the raw bucket: an operator, or a licensed job, puts the archives there. */
import type { Readable } from 'node:stream'
import { GetObjectCommand, NoSuchKey, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { ArchiveCorrupt, TaskError } from '../../errors.ts'
import type { ListedFile, Source } from './source.ts'

/** @param prefix such as `landing/`; only the files directly below it are archives */
export function s3Source(bucket: string, prefix: string): Source {
  const s3 = new S3Client({})
  const place = `s3://${bucket}/${prefix}`
  return {
    place,
    isOwn: true,
    locationOf: ({ name }) => place + name,

    async list(signal) {
      const files: ListedFile[] = []
      const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix, Delimiter: '/' })
      for await (const page of pages) {
        signal.throwIfAborted()
        for (const { Key, Size, ETag } of page.Contents ?? []) {
          if (Key && Key !== prefix)
            files.push({ name: Key.slice(prefix.length), size: Size ?? 0, checksum: `etag:${ETag}` })
        }
      }
      return files
    },

    async open(archive, signal) {
      try {
        const { Body } = await s3.send(
          // IfMatch: a file replaced since the listing is another archive, and the next execution's work.
          new GetObjectCommand({
            Bucket: bucket,
            Key: prefix + archive.name,
            IfMatch: archive.checksum.replace(/^etag:/, ''),
          }),
          { abortSignal: signal },
        )
        return Body as Readable
      } catch (error) {
        if (error instanceof NoSuchKey) {
          throw new TaskError(
            'ArchiveMissing',
            `${place}${archive.name} was listed, but is gone. Start a new execution.`,
            { cause: error },
          )
        }
        if ((error as Error).name === 'PreconditionFailed') {
          throw new ArchiveCorrupt(`${place}${archive.name} was replaced after it was listed. Start a new execution.`, {
            cause: error,
          })
        }
        throw error
      }
    },
  }
}
