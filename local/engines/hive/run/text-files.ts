/**
 * Text files as Hadoop's LineRecordReader sees them: LF, CR LF and a bare CR end a record, bytes follow the table's encoding, an
 * empty line is a record, `.gz` is unpacked. DuckDB's reader differs in each of these, so files that show any of it are rewritten
 * into plain UTF-8 lines first; the others, nearly all, are read in place.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { TextFormat } from './metastore.ts'

const CHUNK = 4 * 1024 * 1024
/** Bytes that are looked at together: small, so that few good lines share the fate of an odd one. */
const BLOCK = 16 * 1024
const [LF, CR] = [0x0a, 0x0d]
const EMPTY_LINE = Buffer.from('\n\n')
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** Codes that Windows-1252 leaves undefined: Java's decoder replaces them, the Encoding Standard's keeps them as controls. */
const UNDEFINED_IN_1252 = /[\u0081\u008d\u008f\u0090\u009d]/g

/** What separates fields for DuckDB. A column that takes the rest is cut by nothing: U+FDD0 is no character, and stands in no text. */
export const separator = ({ delimiter, takesRest }: TextFormat): string => (takesRest ? '\ufdd0' : delimiter)

export class TextFiles {
  readonly #temp: string
  readonly #known = new Map<string, Promise<string>>()
  #count = 0

  /** @param temp a folder for the rewritten files; it goes when the session closes */
  constructor(temp: string) {
    this.#temp = temp
  }

  /** The path of a file that DuckDB reads as Hive reads `path`. */
  async readable(path: string, format: TextFormat): Promise<string> {
    const { size, mtimeMs, ino } = await stat(path)
    const key = [path, size, mtimeMs, ino, format.encoding, separator(format)].join('\0')
    const known = this.#known.get(key) ?? this.#prepare(path, format)
    this.#known.set(key, known)
    return known
  }

  async #prepare(path: string, format: TextFormat): Promise<string> {
    if (!path.endsWith('.gz') && (await plain(path, format))) return path
    const rewritten = join(this.#temp, `text-${++this.#count}.txt`)
    const source = createReadStream(path, { highWaterMark: CHUNK })
    const lines = rewrite(format)
    if (path.endsWith('.gz')) await pipeline(source, createGunzip(), lines, createWriteStream(rewritten))
    else await pipeline(source, lines, createWriteStream(rewritten))
    return rewritten
  }
}

/** Can DuckDB read the file as it is? */
async function plain(path: string, format: TextFormat): Promise<boolean> {
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(CHUNK)
    let kept = 0
    let first = true
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, CHUNK - kept)
      const filled = kept + bytesRead
      // Whole lines only: a character of several bytes and a pair of line ends may straddle chunks.
      const end = bytesRead === 0 ? filled : buffer.subarray(0, filled).lastIndexOf(LF) + 1 || filled
      const lines = buffer.subarray(0, end)
      if (!plainLines(lines, format) || (first && lines.subarray(0, BOM.length).equals(BOM))) return false
      if (bytesRead === 0) return true
      first = false
      buffer.copyWithin(0, end, filled)
      kept = filled - end
    }
  } finally {
    await file.close()
  }
}

/** Whole lines that need no change: no CR, no empty record, and bytes that are UTF-8 already. */
function plainLines(lines: Buffer, format: TextFormat): boolean {
  if (lines[0] === LF || lines.includes(CR) || lines.includes(EMPTY_LINE)) return false
  return isAscii(lines) || (format.encoding === 'utf-8' && isUtf8(lines))
}

/**
 * Decodes, ends every record with LF, and keeps empty records by a delimiter: an empty first field, as Hive has it. What needs no change
 * passes as it is, a few lines at a time, since odd lines are rare.
 */
function rewrite(format: TextFormat) {
  const decode = decoderOf(format.encoding)
  const empty = separator(format)
  const changed = (lines: Buffer): Buffer => {
    const text = decode(lines).replace(/\r\n?/g, '\n')
    const records = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
    return Buffer.from(`${records.map((record) => record || empty).join('\n')}\n`)
  }
  return async function* (source: AsyncIterable<Buffer>) {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of source) {
      const bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk
      const end = bytes.lastIndexOf(LF) + 1
      let from = 0
      for (let at = 0; at < end; ) {
        const next = Math.min(end, bytes.indexOf(LF, at + BLOCK) + 1 || end)
        const lines = bytes.subarray(at, next)
        if (!plainLines(lines, format)) {
          if (from < at) yield bytes.subarray(from, at)
          yield changed(lines)
          from = next
        }
        at = next
      }
      if (from < end) yield bytes.subarray(from, end)
      rest = Buffer.from(bytes.subarray(end))
    }
    if (rest.length) yield changed(rest)
  }
}

/** Bytes as Java's decoders read them. What the Encoding Standard calls latin1 is Windows-1252, so ISO-8859-1 needs Buffer's own. */
function decoderOf(encoding: TextFormat['encoding']): (bytes: Buffer) => string {
  if (encoding === 'iso-8859-1') return (bytes) => bytes.toString('latin1')
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  if (encoding === 'utf-8') return (bytes) => decoder.decode(bytes)
  return (bytes) => decoder.decode(bytes).replace(UNDEFINED_IN_1252, '\ufffd')
}
