/** One quarterly archive: a zip of the two files, and beside it what the pipeline must find in them. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yazl from 'yazl'
import { DIRT, type DirtKind } from './dirt.ts'
import { layoutNamed } from './layouts/index.ts'
import type { LayoutName } from './layouts/layout.ts'
import { month, parseQuarter } from './quarter.ts'
import { Tables } from './tables.ts'
import type { TableTruth } from './truth.ts'

export interface ArchiveOptions {
  /** Such as `1999Q1`. */
  quarter: string
  /** The default is `r47`. */
  layout?: LayoutName
  /** How many loans were made in the quarter. */
  loans: number
  seed?: number
  /** The share of lines that are dirty, 0 to 1; the default is 0.01. */
  dirty?: number
  /** The kinds of dirt; the default is all. */
  kinds?: readonly DirtKind[]
  /** The last reporting month, such as `2000-12`; the default is 24 months after the quarter began. */
  through?: string
  /** Where the archive goes. */
  folder: string
}

export interface Archive {
  name: string
  path: string
  size: number
  /** In hex. */
  sha256: string
  truth: Truth
  /** The file that holds `truth`: the archive's name with `.truth.json`. */
  truthPath: string
}

/** What the pipeline must find in an archive. */
export interface Truth {
  quarter: string
  layout: LayoutName
  archive: { name: string; size: number; sha256: string }
  options: { loans: number; seed: number; dirty: number; kinds: readonly DirtKind[]; through: string }
  tables: { origination: TableTruth; performance: TableTruth }
}

export const ALL_DIRT = Object.keys(DIRT) as DirtKind[]

// One date in every archive, so that the same rows are the same bytes.
const ENTRY = { mtime: new Date(1999, 0, 1), mode: 0o100644, forceDosTimestamp: true, compressionLevel: 1 }
// A file may grow beyond what a plain zip can say when it has more bytes than this (a line has about 110).
const ZIP64_BYTES = 3e9

/** The options with their defaults. @throws RangeError naming the option that is wrong */
export function completeOptions(options: ArchiveOptions) {
  const quarter = parseQuarter(options.quarter)
  const layout = layoutNamed(options.layout ?? 'r47')
  const { loans, seed = 1, dirty = 0.01, kinds = ALL_DIRT } = options
  // Half of the identifiers stay free: performance of unknown loans is named after them.
  const most = Math.floor(layout.identifiers / 2)
  if (!Number.isInteger(loans) || loans < 1 || loans > most) {
    throw new RangeError(`A quarter of layout ${layout.name} has 1 to ${most} loans, not ${loans}.`)
  }
  if (!(dirty >= 0 && dirty <= 1))
    throw new RangeError(`The share of dirty lines is a number from 0 to 1, not ${dirty}.`)
  const wrong = kinds.find((kind) => !Object.hasOwn(DIRT, kind))
  if (wrong) throw new RangeError(`There is no dirt of the kind "${wrong}": choose from ${ALL_DIRT.join(', ')}.`)
  const { through = monthName(quarter.firstMonth + 23) } = options
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(through)
  const last = match ? month(Number(match[1]), Number(match[2])) : Number.NaN
  if (!(last >= quarter.firstMonth && last < month(2100, 1))) {
    throw new RangeError(`"${through}" is no reporting month for loans of ${quarter.name}: write it as 2000-12.`)
  }
  return { quarter, layout, loans, seed, dirty, kinds, through, lastMonth: last }
}

/**
 * Generates one archive and its truth file. The same options make the same bytes. Rows stream: memory does not grow with them.
 * @throws RangeError naming the option that is wrong
 */
export async function generateArchive(options: ArchiveOptions): Promise<Archive> {
  const { quarter, layout, loans, seed, dirty, kinds, through, lastMonth } = completeOptions(options)
  const name = layout.archiveName(quarter)
  const target = path.resolve(options.folder, name)
  const truthPath = target.replace(/\.zip$/, '.truth.json')
  const partial = `${target}.${process.pid}.partial`
  const tables = new Tables({ quarter, layout, loans, seed, dirty, kinds, through: lastMonth })
  await mkdir(options.folder, { recursive: true })
  try {
    const forceZip64Format = loans * Math.max(lastMonth - quarter.firstMonth, 1) * 110 > ZIP64_BYTES
    const { size, sha256 } = await writeZip(partial, forceZip64Format, [
      { name: layout.originationFile(quarter), chunks: () => tables.originationChunks() },
      { name: layout.performanceFile(quarter), chunks: () => tables.performanceChunks() },
    ])
    const identifiers = {
      identifier: (index: number) => layout.identifier(quarter, index),
      earlierIdentifier: (value: number) => layout.earlierIdentifier(value),
    }
    const truth: Truth = {
      quarter: quarter.name,
      layout: layout.name,
      archive: { name, size, sha256 },
      options: { loans, seed, dirty, kinds, through },
      tables: {
        origination: tables.origination.truth(identifiers),
        performance: tables.performance.truth(identifiers),
      },
    }
    await writeFile(`${partial}.json`, `${JSON.stringify(truth, null, 1)}\n`)
    await rename(partial, target)
    await rename(`${partial}.json`, truthPath)
    return { name, path: target, size, sha256, truth, truthPath }
  } finally {
    await rm(partial, { force: true })
    await rm(`${partial}.json`, { force: true })
  }
}

async function writeZip(
  file: string,
  forceZip64Format: boolean,
  entries: { name: string; chunks: () => Iterable<Buffer> }[],
) {
  const zip = new yazl.ZipFile()
  const hash = createHash('sha256')
  let size = 0
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  for (const { name, chunks } of entries) {
    zip.addReadStreamLazy(name, { ...ENTRY, forceZip64Format }, (given) => {
      given(null, Readable.from(chunks(), { objectMode: false, highWaterMark: 1 << 19 }))
    })
  }
  const written = pipeline(zip.outputStream, measure, createWriteStream(file))
  zip.on('error', (error) => measure.destroy(error))
  zip.end({ forceZip64Format, comment: '' })
  await written
  return { size, sha256: hash.digest('hex') }
}

function monthName(month: number): string {
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}`
}
