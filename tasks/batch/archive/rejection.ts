/** An archive that was turned away for what it is, and what is kept of it below `quarantine/archives/` of the processed bucket. */
import { createReadStream } from 'node:fs'
import { z } from 'zod'
import type { ArchiveRejection } from '../../errors.ts'
import type { Source } from '../source/source.ts'
import { type Archive, archiveSchema, identity } from './archive.ts'
import { putJson, upload } from './objects.ts'

export const rejectionSchema = archiveSchema.extend({
  /** `ArchiveCorrupt` or `LayoutConflict`. */
  error: z.string(),
  reason: z.string(),
  /** Where its bytes lie. */
  location: z.string(),
  /** Where this is kept, as JSON. */
  record: z.string(),
  rejectedAt: z.string(),
})

export type Rejection = z.output<typeof rejectionSchema>

/** A hundred of them are passed from state to state, and a zip's entries may have names of 64 KiB. */
const MOST_REASON = 500

/** What a Fail state says has at most 32,768 characters, and the state that failed is put before it. */
const MOST_CAUSE = 30_000

/** Where an archive of this identity is kept: the same archive is at the same place whenever it is rejected. */
export function quarantinePrefix(archive: Archive): string {
  const words = identity(archive).replaceAll(/[^\w.]+/g, '-')
  return `quarantine/archives/quarter=${archive.quarter}/${words.replace(/-$/, '')}/`
}

/**
 * Notes in the quarantine that an archive is rejected, and why.
 *
 * @param path of the archive's own bytes, when they are to be kept too: a site may put others in their place. What lies in a bucket of our own
 *   is not copied.
 */
export async function reject(
  bucket: string,
  source: Pick<Source, 'isOwn' | 'locationOf'>,
  archive: Archive,
  { name: error, message }: ArchiveRejection,
  signal: AbortSignal,
  path?: string,
): Promise<Rejection> {
  const prefix = quarantinePrefix(archive)
  let location = source.locationOf(archive)
  if (path !== undefined && !source.isOwn) {
    const Key = `${prefix}${archive.name}`
    const Metadata = { archive: archive.name, checksum: archive.checksum }
    await upload(
      { Bucket: bucket, Key, Body: createReadStream(path), ContentType: 'application/zip', Metadata },
      signal,
    )
    location = `s3://${bucket}/${Key}`
  }
  const Key = `${prefix}rejection.json`
  const reason = message.length <= MOST_REASON ? message : `${message.slice(0, MOST_REASON - 1)}…`
  const record = `s3://${bucket}/${Key}`
  const rejection = { ...archive, error, reason, location, record, rejectedAt: new Date().toISOString() }
  await putJson(bucket, Key, rejection)
  return rejection
}

/** What becomes of the archives that an execution was asked for: found = collected + unchanged + rejected. */
export const archiveCountsSchema = z.object({
  found: z.number().int(),
  collected: z.number().int(),
  /** Those that an earlier execution has collected. */
  unchanged: z.number().int(),
  rejected: z.array(rejectionSchema),
})

export type ArchiveCounts = z.output<typeof archiveCountsSchema>

/** Why an execution with rejected archives fails, and what to do; as many archives as a cause has room for. */
export function rejectionCause({ found, rejected }: ArchiveCounts): string {
  const one = rejected.length === 1
  const head = `${rejected.length} of ${found} archives ${one ? 'was' : 'were'} rejected. What could be loaded of the others is loaded; a quarter whose archive was rejected is as it was before.`
  const next =
    'Put a whole archive where the source has each of them, or take it away from there, and start a new execution. One that is as it was is not looked at again, unless the input\'s "quarters" name its quarter.'
  let text = head
  for (const [i, { quarter, error, reason, location, record }] of rejected.entries()) {
    const line = `\n${quarter}: ${error}: ${reason} It lies at ${location}; see ${record}.`
    if (text.length + line.length + next.length > MOST_CAUSE) {
      text += `\n… and ${rejected.length - i} more, which the report lists.`
      break
    }
    text += line
  }
  return `${text}\n${next}`
}
