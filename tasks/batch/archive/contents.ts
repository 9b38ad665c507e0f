/** What an archive holds: one origination and one performance file of its quarter, in one layout. */
import type { Entry } from 'yauzl'
import { ArchiveCorrupt, LayoutConflict } from '../../errors.ts'
import type { Archive } from './archive.ts'
import { checkLayout, fieldCount, fileNames, type Layout, layoutByName, type Table } from './layout.ts'
import type { Zip } from './unzip.ts'

export interface DataFile {
  entry: Entry
  table: Table
  layout: Layout
}

/** Text of this kind shrinks to a tenth or so. What shrinks more than this is no data, but made to fill a disk or a bucket. */
const MOST_SHRUNK = 200
const SMALL_BYTES = 64 * 1024 ** 2

/** Enough for a few hundred lines. */
const HEAD_BYTES = 64 * 1024

/**
 * Entries that no layout names (a readme) are left alone. Both files are read whole: an archive that is damaged anywhere is known as such before
 * anything of it takes the place of what was there.
 *
 * @throws LayoutConflict when files of two layouts are in it, or a name and a field count disagree
 * @throws ArchiveCorrupt when a file is missing, doubled, empty, damaged, of another quarter, or a zip bomb
 */
export async function contents(zip: Zip, archive: Archive, signal: AbortSignal): Promise<[DataFile, DataFile]> {
  const files: DataFile[] = []
  for (const entry of zip.entries) {
    const named = layoutByName(entry.fileName)
    if (!named) continue
    if (named.quarter !== archive.quarter) {
      throw new ArchiveCorrupt(
        `${archive.name} holds ${entry.fileName}, a file of ${named.quarter}. Give the archive its files' quarter, or the files of its quarter.`,
      )
    }
    files.push({ entry, table: named.table, layout: named.layout })
  }

  const layouts = new Set(files.map((file) => file.layout))
  if (layouts.size > 1) {
    throw new LayoutConflict(
      `${archive.name} holds files of the layouts ${[...layouts].join(' and ')}: ${names(files)}. A quarter has one layout; nothing of it was loaded.`,
    )
  }
  const [origination, ...moreOriginations] = files.filter((file) => file.table === 'origination')
  const [performance, ...morePerformances] = files.filter((file) => file.table === 'performance')
  if (!origination || !performance || moreOriginations.length + morePerformances.length > 0) {
    throw new ArchiveCorrupt(
      `${archive.name} must hold one origination and one performance file, but holds ${files.length === 0 ? `neither at its top: ${entryNames(zip)}` : names(files)}. ${advice(zip, archive)}`,
    )
  }

  for (const { entry, layout, table } of [origination, performance]) {
    const { compressedSize, uncompressedSize } = entry
    if (uncompressedSize > Math.max(SMALL_BYTES, MOST_SHRUNK * compressedSize)) {
      throw new ArchiveCorrupt(
        `${entry.fileName} of ${archive.name} would become ${uncompressedSize} bytes out of ${compressedSize}, which no data does. Nothing of it was unpacked; look at the archive.`,
      )
    }
    checkLayout(
      archive.name,
      entry.fileName,
      layout,
      table,
      fieldCount(archive.name, entry.fileName, await readWhole(zip, entry, signal)),
    )
  }
  return [origination, performance]
}

const names = (files: DataFile[]) => files.map((file) => file.entry.fileName).join(', ')

/** What the owner of an archive without its two files may have meant. */
function advice({ entries }: Zip, { quarter }: Archive): string {
  const wanted = `They are called ${fileNames(quarter)}.`
  const base = (entry: Entry) => entry.fileName.slice(entry.fileName.lastIndexOf('/') + 1)
  if (entries.some((entry) => /[.]zip$/i.test(entry.fileName)))
    return `It holds an archive in turn: put that one in its place. ${wanted}`
  if (entries.some((entry) => base(entry) !== entry.fileName && layoutByName(base(entry))))
    return `Its files lie in a folder: zip the files themselves. ${wanted}`
  return wanted
}

/** The first entries of an archive, so that its owner sees a folder or another name at once. */
function entryNames({ entries }: Zip): string {
  const shown = entries.slice(0, 4).map((entry) => entry.fileName)
  return entries.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ') || 'it is empty'
}

/** Reads an entry to its end, which proves it. @returns its beginning */
async function readWhole(zip: Zip, entry: Entry, signal: AbortSignal): Promise<string> {
  const head: Buffer[] = []
  let bytes = 0
  for await (const chunk of await zip.open(entry)) {
    signal.throwIfAborted()
    if (bytes < HEAD_BYTES) head.push(chunk)
    bytes += chunk.length
  }
  return Buffer.concat(head).toString('latin1')
}
