/** What Firehose has delivered to S3 since a time. */
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'

const s3 = new S3Client({})

/** S3 gives times to the second. */
const SLACK_MS = 1000
/** Firehose names the hour by its own clock. */
const HOUR_SLACK_MS = 60_000
/** A delivery stream that is busy makes an object every few seconds: a day of it is some 30 of these pages. */
const MAX_PAGES = 50

export interface Place {
  bucket: string
  /** `stream/users/` */
  prefix: string
  /** Whether the hour (`2026/11/22/13/`) stands right behind the prefix, so that older hours need not be listed. */
  byHour: boolean
}

export interface Delivered {
  key: string
  size: number
  /** When it was there: milliseconds since the epoch. */
  at: number
}

/** The objects of a prefix since a time (milliseconds since the epoch), by name, which begins with the hour. */
export async function deliveredSince({ bucket, prefix, byHour }: Place, since: number): Promise<Delivered[]> {
  const hour = new Date(since - HOUR_SLACK_MS).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')
  const pages = paginateListObjectsV2(
    { client: s3 },
    { Bucket: bucket, Prefix: prefix, ...(byHour && { StartAfter: `${prefix}${hour}/` }) },
  )
  const found: Delivered[] = []
  let left = MAX_PAGES
  for await (const { Contents = [] } of pages) {
    for (const { Key: key = '', Size: size = 0, LastModified } of Contents) {
      const at = LastModified?.getTime() ?? 0
      if (at >= since - SLACK_MS) found.push({ key, size, at })
    }
    if (--left === 0) break
  }
  return found
}

/** An object's content, as a stream of bytes. */
export async function contentOf(Bucket: string, Key: string) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  if (!Body) throw new Error(`s3://${Bucket}/${Key} came without its content.`)
  return Body
}
