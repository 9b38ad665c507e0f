/** Reads the entries of a zip file as streams, each proven against its size and CRC-32 before the stream ends. */
import { type Readable, Transform } from 'node:stream'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { ArchiveCorrupt } from '../../errors.ts'
import { GET_AGAIN } from './archive.ts'

/** An open zip file: its entries, and the content of each. Close it. */
export interface Zip {
  entries: Entry[]
  /** The entry's uncompressed bytes. @throws ArchiveCorrupt at the end when size or CRC-32 are not what the zip says */
  open(entry: Entry): Promise<Readable>
  close(): void
}

/**
 * @param path of a file: a zip's directory is at its end, so it cannot be read as it is downloaded
 * @param name the archive's name, for messages
 * @throws ArchiveCorrupt when it is no zip, or cut short
 */
export async function openZip(path: string, name: string): Promise<Zip> {
  const corrupt = (error: unknown) =>
    new ArchiveCorrupt(`${name} is no whole zip file: ${(error as Error).message.replace(/\.$/, '')}. ${GET_AGAIN}`, {
      cause: error,
    })

  const zip = await new Promise<ZipFile>((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false, validateEntrySizes: true }, (error, file) =>
      error ? reject('syscall' in error ? error : corrupt(error)) : resolve(file),
    )
  })
  let entries: Entry[]
  try {
    entries = await directory(zip)
  } catch (error) {
    zip.close()
    throw corrupt(error)
  }

  return {
    entries,
    close: () => zip.close(),
    open: (entry) =>
      new Promise((resolve, reject) => {
        zip.openReadStream(entry, (error, stream) => {
          if (error) return reject(corrupt(error))
          const checked = checksum(entry, name)
          // Not pipeline(): a damaged stream ends in zlib's own error, and that would not tell which archive and entry it was.
          stream.on('error', (failure) => checked.destroy(corruptEntry(name, entry, failure.message)))
          checked.on('close', () => stream.destroy())
          stream.pipe(checked)
          resolve(checked)
        })
      }),
  }
}

function directory(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = []
    zip.on('entry', (entry: Entry) => {
      entries.push(entry)
      zip.readEntry()
    })
    zip.once('end', () => resolve(entries))
    zip.once('error', reject)
    zip.readEntry()
  })
}

/** Passes bytes through, and fails before the end when they are not the ones that were zipped: an upload of them is never completed. */
function checksum(entry: Entry, name: string): Transform {
  let crc = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      crc = crc32(chunk, crc)
      done(null, chunk)
    },
    flush(done) {
      const matches = crc >>> 0 === entry.crc32 >>> 0
      done(matches ? null : corruptEntry(name, entry, `its CRC-32 is ${hex(crc)}, the zip says ${hex(entry.crc32)}`))
    },
  })
}

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0')

function corruptEntry(name: string, entry: Entry, what: string): ArchiveCorrupt {
  return new ArchiveCorrupt(`${entry.fileName} of ${name} is damaged: ${what}. ${GET_AGAIN}`)
}
