/**
 * Text files as DuckDB's reader can take them: unpacked, in UTF-8, one record a line. A file that is so already is read in place; of any other a copy is
 * made in which the awkward places are marked with control characters that {@link RESTORE} turns back.
 */
import { isUtf8 } from 'node:buffer'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { CopyStatement } from './copy-statement.ts'

/** What the placeholders in a prepared copy stand for. */
export const RESTORE: readonly [placeholder: number, character: string][] = [
  [0x1c, '\n'],
  [0x1e, '\\'],
  [0x1f, '\r'],
]
/** Stands for an escaped delimiter. */
export const ESCAPED_DELIMITER = 0x1d
/** Begins a line that COPY refuses: `\x02B` a blank one, `\x02U` and hex digits one with bytes that are no UTF-8. */
export const REFUSED_LINE = 0x02

const LF = 0x0a
const CR = 0x0d
const BACKSLASH = 0x5c

export interface PreparedFile {
  path: string
  /** The path is a copy, to be deleted after the load. */
  copied: boolean
}

type Options = Pick<
  CopyStatement,
  'format' | 'compression' | 'escape' | 'delimiter' | 'acceptInvalidCharacters' | 'ignoreBlankLines'
>

/**
 * @param copy where a copy would go
 * @throws Error of zlib when the file is not compressed as COPY says
 */
export async function prepareTextFile(path: string, copy: string, options: Options): Promise<PreparedFile> {
  if (!options.compression && (await readsAsItIs(path, options))) return { path, copied: false }
  const blocks = wholeLines(open(path, options), options)
  const fixed = Readable.from(
    (async function* () {
      for await (const block of blocks) yield needsNothing(block, options) ? block : fixLines(block, options)
    })(),
  )
  await pipeline(fixed, createWriteStream(`${copy}.partial`))
  await rename(`${copy}.partial`, copy)
  return { path: copy, copied: true }
}

async function readsAsItIs(path: string, options: Options): Promise<boolean> {
  for await (const block of wholeLines(createReadStream(path, { highWaterMark: 1 << 20 }), options)) {
    if (!needsNothing(block, options)) return false
  }
  return true
}

function open(path: string, options: Options): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1 << 20 })
  if (!options.compression) return file
  const unpack = options.compression === 'gzip' ? createGunzip() : createZstdDecompress()
  file.on('error', (error) => unpack.destroy(error))
  return file.pipe(unpack)
}

/** Blocks that end with a line end, so that no line and no character is cut. */
async function* wholeLines(chunks: AsyncIterable<Buffer>, options: Options): AsyncGenerator<Buffer> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    let end = chunk.lastIndexOf(LF)
    // A chunk that begins with an escaped line end, or ends in one, waits for the next line end.
    while (options.escape && end >= 0 && (end === 0 || oddBackslashesBefore(chunk, end, 0))) {
      end = end === 0 ? -1 : chunk.lastIndexOf(LF, end - 1)
    }
    if (end < 0) {
      rest.push(chunk)
      continue
    }
    yield Buffer.concat([...rest, chunk.subarray(0, end + 1)])
    rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : []
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}

function needsNothing(block: Buffer, options: Options): boolean {
  if (!isUtf8(block)) return false
  // Quoted CSV fields may hold line ends; DuckDB reads them by itself.
  if (options.format === 'csv') return true
  if (block.includes(CR)) return false
  if (options.escape && block.includes(BACKSLASH)) return false
  return options.ignoreBlankLines || (block[0] !== LF && !block.includes('\n\n'))
}

function fixLines(block: Buffer, options: Options): Buffer {
  if (options.format === 'csv')
    return isUtf8(block) ? block : replaceInvalid(block, options.acceptInvalidCharacters ?? '?')
  const out: Buffer[] = []
  let start = 0
  while (start < block.length) {
    const end = lineEnd(block, start, options.escape)
    const line = block.subarray(start, end)
    out.push(fixLine(line, options))
    if (end < block.length) out.push(Buffer.of(LF))
    start = end + 1
  }
  return Buffer.concat(out)
}

/** With ESCAPE, a line end after a backslash belongs to the field. */
function lineEnd(block: Buffer, start: number, escaped: boolean): number {
  let end = block.indexOf(LF, start)
  while (escaped && end > start && oddBackslashesBefore(block, end, start)) end = block.indexOf(LF, end + 1)
  return end < 0 ? block.length : end
}

function oddBackslashesBefore(block: Buffer, at: number, start: number): boolean {
  let count = 0
  for (let index = at - 1; index >= start && block[index] === BACKSLASH; index--) count++
  return count % 2 === 1
}

function fixLine(whole: Buffer, options: Options): Buffer {
  let line = whole.at(-1) === CR ? whole.subarray(0, -1) : whole
  if (line.length === 0) return options.ignoreBlankLines ? line : Buffer.of(REFUSED_LINE, 0x42)
  if (!isUtf8(line)) {
    if (options.acceptInvalidCharacters === undefined) {
      return Buffer.concat([Buffer.of(REFUSED_LINE), Buffer.from(`U${firstInvalid(line).toString('hex')}`)])
    }
    line = replaceInvalid(line, options.acceptInvalidCharacters)
  }
  if (!line.includes(CR) && !(options.escape && line.includes(BACKSLASH))) return line
  return Buffer.from(placeholders(line.toString('utf8'), options))
}

function placeholders(line: string, options: Options): string {
  let text = line
  if (options.escape) {
    text = text.replace(/\\([\s\S])/g, (pair, character: string) => {
      if (character === options.delimiter) return String.fromCharCode(ESCAPED_DELIMITER)
      if (character === 'N') return pair
      if (character === '\\') return '\x1e'
      return character === '\n' ? '\x1c' : character
    })
  }
  return text.replaceAll('\r', '\x1f')
}

/** Each byte that begins no UTF-8 character becomes one replacement character. */
function replaceInvalid(bytes: Buffer, replacement: string): Buffer {
  const out: Buffer[] = []
  const with_ = Buffer.from(replacement)
  let valid = 0
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    if (length > 0) at += length
    else {
      out.push(bytes.subarray(valid, at), with_)
      valid = ++at
    }
  }
  out.push(bytes.subarray(valid))
  return Buffer.concat(out)
}

function firstInvalid(bytes: Buffer): Buffer {
  let at = 0
  for (let length = characterLength(bytes, 0); length > 0; length = characterLength(bytes, at)) at += length
  return bytes.subarray(at, at + 4)
}

/** The length of the UTF-8 character at `at`, or 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}
