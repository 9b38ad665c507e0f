/** Downloads an archive to a file, proving size and checksum on the way. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@aws-lambda-powertools/logger'
import { ArchiveCorrupt } from '../../errors.ts'
import type { Source } from '../source/source.ts'
import type { Archive } from './archive.ts'

const LOG_EVERY_BYTES = 256 * 1024 ** 2

/** @throws ArchiveCorrupt when the bytes are not those of the listing; the driver's errors otherwise */
export async function download(
  source: Source,
  archive: Archive,
  path: string,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const started = Date.now()
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      if (Math.floor(bytes / LOG_EVERY_BYTES) !== Math.floor((bytes + chunk.length) / LOG_EVERY_BYTES)) {
        log.info('Downloading', { archive: archive.name, bytes, of: archive.size })
      }
      bytes += chunk.length
      // A source that never ends would fill the disk before anybody looked.
      if (bytes > archive.size) done(otherSize(`more than ${archive.size}`))
      else done(null, chunk)
    },
  })
  const otherSize = (found: string) =>
    new ArchiveCorrupt(
      `${archive.name} has ${found} bytes, but ${source.place} lists ${archive.size}. Start a new execution when the source is at rest.`,
    )
  await pipeline(await source.open(archive, signal), meter, createWriteStream(path), { signal })

  if (bytes !== archive.size) throw otherSize(String(bytes))
  const sha256 = hash.digest('hex')
  const [algorithm, expected] = archive.checksum.split(':', 2)
  // An ETag is no checksum of the bytes when the object was uploaded in parts; S3's own checksum was verified by the SDK.
  if (algorithm === 'sha256' && sha256 !== expected) {
    throw new ArchiveCorrupt(
      `${archive.name} has the SHA-256 ${sha256}, but ${source.place} lists ${expected}. Start a new execution.`,
    )
  }
  log.info('Downloaded the archive', { archive: archive.name, bytes, sha256, seconds: (Date.now() - started) / 1000 })
}
