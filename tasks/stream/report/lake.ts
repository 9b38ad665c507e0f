/** Reads what was delivered to S3 since a time: lists all of it, and looks into as much as the report may read, the newest first. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import type { Point } from './model.ts'
import { increase, inOrder, type Tally } from './tally.ts'

const s3 = new S3Client({})

/** S3 gives times to the second. */
const SLACK_MS = 1000
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
  objects: number
  bytes: number
  /** Objects that were looked into. */
  read: number
  /** Objects by the second in which they were there. */
  bySecond: Point[]
}

interface Listed {
  key: string
  size: number
  at: number
}

/**
 * Counts the lines of a prefix's objects.
 * @param since milliseconds since the epoch
 * @param maxBytes objects are read whole, and none that would go beyond this
 * @param signal ends the reading
 */
export async function readLake(
  { bucket, prefix, byHour }: Place,
  since: number,
  maxBytes: number,
  tally: Tally<unknown>,
  signal: AbortSignal,
): Promise<Delivered> {
  const hour = new Date(since).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')
  const pages = paginateListObjectsV2(
    { client: s3 },
    { Bucket: bucket, Prefix: prefix, ...(byHour && { StartAfter: `${prefix}${hour}/` }) },
  )
  const listed: Listed[] = []
  let left = MAX_PAGES
  for await (const { Contents = [] } of pages) {
    for (const { Key: key = '', Size: size = 0, LastModified } of Contents) {
      const at = LastModified?.getTime() ?? 0
      if (at >= since - SLACK_MS) listed.push({ key, size, at })
    }
    if (--left === 0) break
  }
  listed.sort((a, b) => b.at - a.at)
  let read = 0
  let bytes = 0
  for (const { key, size, at } of listed) {
    if (bytes + size > maxBytes) break
    signal.throwIfAborted()
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    // Line by line: an object can be as large as Firehose's buffer.
    for await (const line of createInterface({ input: Body as Readable })) if (line !== '') tally.add(line, at)
    tally.objectEnds(at)
    bytes += size
    read++
  }
  const bySecond = new Map<number, number>()
  for (const { at } of listed) increase(bySecond, at)
  return {
    bySecond: inOrder(bySecond),
    objects: listed.length,
    bytes: listed.reduce((total, { size }) => total + size, 0),
    read,
  }
}
