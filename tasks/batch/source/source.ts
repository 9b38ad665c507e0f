/** Where archives come from: a driver behind one interface, chosen by the environment. */
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { required } from '../../task.ts'
import type { Archive } from '../archive/archive.ts'
import { httpSource } from './http.ts'
import { s3Source } from './s3.ts'

/** One file of a listing; not every file need be an archive. */
export type ListedFile = Omit<Archive, 'quarter'>

export interface Source {
  /** What the source is called in messages: its URL. Never credentials. */
  readonly place: string
  /** Whether it is a bucket of the workflow itself: what lies there stays there. */
  readonly isOwn: boolean
  /** Where the archive lies, as an address. */
  locationOf(archive: ListedFile): string
  list(signal: AbortSignal): Promise<ListedFile[]>
  /**
   * The archive's bytes, as they come.
   * @throws ArchiveMissing when the source lists it no more
   * @throws ArchiveCorrupt when the source holds another archive under that name by now
   */
  open(archive: Archive, signal: AbortSignal): Promise<Readable>
}

/** The *source* group of environment variables. */
export const sourceEnvironment = z.discriminatedUnion('SOURCE_DRIVER', [
  z.object({
    SOURCE_DRIVER: z.literal('s3'),
    RAW_BUCKET: required,
    LANDING_PREFIX: z.string().regex(/\/$/, 'must end with a slash').default('landing/'),
  }),
  z.object({ SOURCE_DRIVER: z.literal('http'), SOURCE_URL: z.url(), SOURCE_SECRET_ARN: required }),
])

export function createSource(env: z.output<typeof sourceEnvironment>): Source {
  return env.SOURCE_DRIVER === 's3'
    ? s3Source(env.RAW_BUCKET, env.LANDING_PREFIX)
    : httpSource(env.SOURCE_URL, env.SOURCE_SECRET_ARN)
}
