/**
 * Collects one archive: downloads it, proves its size and checksum, unzips it as a stream into the raw bucket and proves what arrived.
 *
 * The zip is kept in /tmp (10 GB) meanwhile: a zip's directory stands at its end, sources are not bound to serve ranges, and so nothing of an
 * archive reaches the bucket before all of it is known to be what the source announced.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { writer } from '../jobs/writer.ts'
import { required } from '../task.ts'
import { archiveSchema, identity } from './archive/archive.ts'
import { contents } from './archive/contents.ts'
import { download } from './archive/download.ts'
import { RawQuarter } from './archive/raw-quarter.ts'
import { archiveRow, forget, markCollected } from './archive/table.ts'
import { openZip } from './archive/unzip.ts'
import { createSource, sourceEnvironment } from './source/source.ts'

export const handler = writer({
  name: 'CollectQuarter',
  input: z.object({ archive: archiveSchema }),
  environment: sourceEnvironment.and(z.object({ RAW_BUCKET: required, ARCHIVES_TABLE: required })),
  part: ({ archive }) => archive.quarter,
  async run({ input: { archive }, env, log, signal }) {
    const { quarter } = archive
    log.appendKeys({ quarter })
    if ((await archiveRow(env.ARCHIVES_TABLE, quarter))?.collected === identity(archive)) {
      log.info('The archive is collected already', { archive: archive.name })
      return { quarter, collected: false }
    }

    const folder = await mkdtemp(join(tmpdir(), 'collect-'))
    try {
      const path = join(folder, 'archive.zip')
      await download(createSource(env), archive, path, log, signal)
      const zip = await openZip(path, archive.name)
      try {
        const files = await contents(zip, archive)
        const raw = new RawQuarter(env.RAW_BUCKET, archive)
        // From here to the mark, the bucket may hold files of two archives.
        await forget(env.ARCHIVES_TABLE, quarter, ['collected'])
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
