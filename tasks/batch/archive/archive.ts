/** An archive: the zip that a source publishes for one quarter. */
import { z } from 'zod'
import { quarterSchema } from '../../task.ts'

export const archiveSchema = z.object({
  quarter: quarterSchema,
  /** `historical_data_1999Q1.zip` */
  name: z.string().min(1),
  /** Bytes. */
  size: z.number().int().nonnegative(),
  /** The algorithm and the value as the source gives them: `sha256:9f86…`, `etag:"…"`. */
  checksum: z.string().min(1),
})

export type Archive = z.output<typeof archiveSchema>

/** What makes an archive another one: every release publishes old quarters again under their old names. */
export function identity(archive: Archive): string {
  return `${archive.name}|${archive.size}|${archive.checksum}`
}

/** What archives are called, for messages. */
export const ARCHIVE_NAMES = 'historical_data_1999Q1.zip or historical_data1_Q11999.zip'

/** What to do about an archive that is damaged. */
export const GET_AGAIN = 'Get the archive again, or zip your own files again.'

/**
 * The quarter that an archive's file name tells, or undefined for other files.
 *
 * `historical_data_1999Q1.zip` (Release 47 and the legacy layout) and `historical_data1_Q11999.zip` (until 2020), see the release notes
 * of https://www.freddiemac.com/research/datasets/sf-loanlevel-dataset
 */
export function quarterOf(fileName: string): string | undefined {
  const now = /^historical_data_(\d{4}Q[1-4])\.zip$/.exec(fileName)
  if (now) return now[1]
  const before = /^historical_data1_Q([1-4])(\d{4})\.zip$/.exec(fileName)
  return before ? `${before[2]}Q${before[1]}` : undefined
}
