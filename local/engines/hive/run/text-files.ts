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
const [LF, CR] = [0x0a, 0x0d]
const EMPTY_LINE = Buffer.from('\n\n')

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
    const key = [path, size, mtimeMs, ino, format.encoding, format.delimiter].join('\0')
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
      const chunk = buffer.subarray(0, filled)
      // Whole lines only: a character of several bytes and a pair of line ends may straddle chunks.
      const end = bytesRead === 0 ? filled : chunk.lastIndexOf(LF) + 1 || filled
      const part = chunk.subarray(0, end)
      if (part.includes(CR) || part.includes(EMPTY_LINE) || part[0] === LF) return false
      if (!isAscii(part) && (format.encoding !== 'utf-8' || !isUtf8(part))) return false
      if (first && part[0] === 0xef && part[1] === 0xbb && part[2] === 0xbf) return false
      if (bytesRead === 0) return true
      first = false
      buffer.copyWithin(0, end, filled)
      kept = filled - end
    }
  } finally {
    await file.close()
  }
}

/** Decodes, ends every record with LF, and keeps empty lines by a delimiter: an empty first field, as Hive has it. */
function rewrite(format: TextFormat) {
  return async function* (source: AsyncIterable<Buffer>) {
    // Windows-1252 is what the Encoding Standard calls latin1, too: the five codes that differ are control characters there.
    const decoder = new TextDecoder(format.encoding === 'iso-8859-1' ? 'latin1' : format.encoding, { ignoreBOM: true })
    let rest = ''
    const records = (text: string): string =>
      text
        .split('\n')
        .map((line) => (line === '' ? format.delimiter : line))
        .join('\n')
    const lineEnds = (text: string): string => text.replace(/\r\n?/g, '\n')
    for await (const chunk of source) {
      const text = rest + decoder.decode(chunk, { stream: true })
      // A CR at the end may be half of a CR LF.
      const whole = lineEnds(text.endsWith('\r') ? text.slice(0, -1) : text)
      const end = whole.lastIndexOf('\n') + 1
      rest = whole.slice(end) + (text.endsWith('\r') ? '\r' : '')
      if (end) yield `${records(whole.slice(0, end - 1))}\n`
    }
    const last = lineEnds(rest + decoder.decode()).replace(/\n$/, '')
    if (last) yield `${records(last)}\n`
  }
}
