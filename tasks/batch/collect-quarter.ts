/**
 * Collects one archive: downloads it, proves its size and checksum and all that is in it, and unzips it as a stream into the raw bucket.
 *
 * The zip is kept in /tmp (10 GB) meanwhile: a zip's directory stands at its end, sources are not bound to serve ranges, and so nothing of an
 * archive reaches the bucket before all of it is known to be what the source announced. An archive that is not what it should be goes to the
 * quarantine and fails nothing here: the other quarters are not to wait for it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@aws-lambda-powertools/logger'
import { z } from 'zod'
import { ArchiveRejection } from '../errors.ts'
import { writer } from '../jobs/writer.ts'
import { required } from '../task.ts'
import { type Archive, archiveSchema, identity } from './archive/archive.ts'
import { contents, type DataFile } from './archive/contents.ts'
import { download } from './archive/download.ts'
import { RawQuarter } from './archive/raw-quarter.ts'
import { type Rejection, reject } from './archive/rejection.ts'
import { archiveRow, forget, markCollected, markRejected } from './archive/table.ts'
import { openZip, type Zip } from './archive/unzip.ts'
import { createSource, type Source, sourceEnvironment } from './source/source.ts'

export interface Collected {
  quarter: string
  /** Whether it was this task that put the archive's files there. */
  collected: boolean
  /** Of a rejected archive; the first is for the eye. */
  error?: string
  rejected?: Rejection
}

export const handler = writer({
  name: 'CollectQuarter',
  input: z.object({ archive: archiveSchema }),
  environment: sourceEnvironment.and(
    z.object({ RAW_BUCKET: required, PROCESSED_BUCKET: required, ARCHIVES_TABLE: required }),
  ),
  part: ({ archive }) => archive.quarter,
  async run({ input: { archive }, env, log, signal }): Promise<Collected> {
    const { quarter } = archive
    log.appendKeys({ quarter })
    if ((await archiveRow(env.ARCHIVES_TABLE, quarter))?.collected === identity(archive)) {
      log.info('The archive is collected already', { archive: archive.name })
      return { quarter, collected: false }
    }

    const folder = await mkdtemp(join(tmpdir(), 'collect-'))
    try {
      const path = join(folder, 'archive.zip')
      const source = createSource(env)
      const { zip, files, rejection, isWhole } = await inspect(source, archive, path, log, signal)
      if (rejection) {
        const rejected = await reject(
          env.PROCESSED_BUCKET,
          source,
          archive,
          rejection,
          signal,
          isWhole ? path : undefined,
        )
        // What did not come as it was announced may do so another time.
        if (isWhole) await markRejected(env.ARCHIVES_TABLE, rejected)
        log.warn('Rejected the archive', { ...rejected })
        return { quarter, collected: false, error: rejected.error, rejected }
      }
      try {
        const raw = new RawQuarter(env.RAW_BUCKET, archive)
        // From here to the mark, the bucket may hold files of two archives.
        await forget(env.ARCHIVES_TABLE, quarter, ['collected', 'rejected'])
        for (const file of files) {
          const bytes = await raw.upload(file, await zip.open(file.entry), signal)
          log.info('Uploaded a file', { key: raw.key(file), bytes })
        }
        const removed = await raw.keepOnly(files)
        if (removed.length > 0) log.info('Removed files of an earlier release', { keys: removed })
        await markCollected(env.ARCHIVES_TABLE, archive, files[0].layout)
      } finally {
        zip.close()
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    return { quarter, collected: true }
  },
})

type Inspected =
  | { zip: Zip; files: [DataFile, DataFile]; rejection?: undefined; isWhole: true }
  | { zip?: undefined; files?: undefined; rejection: ArchiveRejection; isWhole: boolean }

/**
 * Downloads an archive and looks at all of it.
 *
 * @returns the open zip and its files, or why the archive is rejected, and whether its bytes are those that the source had announced
 * @throws whatever may pass, or is no fault of the archive
 */
async function inspect(
  source: Source,
  archive: Archive,
  path: string,
  log: Logger,
  signal: AbortSignal,
): Promise<Inspected> {
  let isWhole = false
  let zip: Zip | undefined
  try {
    await download(source, archive, path, log, signal)
    isWhole = true
    zip = await openZip(path, archive.name)
    return { zip, files: await contents(zip, archive, signal), isWhole }
  } catch (error) {
    zip?.close()
    if (error instanceof ArchiveRejection) return { rejection: error, isWhole }
    throw error
  }
}
