/**
 * A write-ahead log: frames in segment files, appended with group commit and read by their place. Places count bytes over the log's whole
 * life, so they stay true when old segments are gone. A frame: length and CRC-32 of the rest (4 bytes each), its kind (1), length of its head
 * (4), the head as JSON, and its body.
 */
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  write,
} from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'

export interface Frame {
  kind: string
  head: any
  body: Buffer
  /** Where it begins, and where the next one does. */
  at: number
  end: number
}

interface Segment {
  file: string
  fd: number
  start: number
  bytes: number
}

const PREAMBLE_BYTES = 8
const FIXED_BYTES = PREAMBLE_BYTES + 5
const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024

const fdatasyncAsync = promisify(fdatasync)
const writeAsync = promisify(write)

export class WriteAheadLog {
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  /** The first frame of each new segment, so that what it says survives the old ones. */
  readonly #opening: () => { kind: string; head: unknown }
  #pending: { segment: Segment; bytes: Buffer }[] = []
  #next: number
  #durable: number
  #flushing: Promise<void> | undefined
  #failure: Error | undefined

  constructor(folder: string, opening: () => { kind: string; head: unknown }, segmentBytes = DEFAULT_SEGMENT_BYTES) {
    this.#folder = folder
    this.#opening = opening
    this.#segmentBytes = segmentBytes
    mkdirSync(folder, { recursive: true })
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.wal'))
      .sort()
    for (const [i, name] of names.entries()) this.#segments.push(open(join(folder, name), i === names.length - 1))
    if (this.#segments.length === 0) this.#segments.push(this.#add(0))
    const last = this.#segments.at(-1)!
    this.#next = last.start + last.bytes
    this.#durable = this.#next
  }

  /** Gives the frame's place at once; `safe` resolves when it is on the disk. */
  append(
    kind: string,
    head: unknown,
    body: Uint8Array = Buffer.alloc(0),
  ): { at: number; end: number; safe: Promise<void> } {
    if (this.#next - this.#segments.at(-1)!.start >= this.#segmentBytes) {
      this.#segments.push(this.#add(this.#next))
      const opening = this.#opening()
      this.#place(encode(opening.kind, opening.head, Buffer.alloc(0)))
    }
    const at = this.#place(encode(kind, head, body))
    return { at, end: this.#next, safe: this.#until(this.#next) }
  }

  #place(bytes: Buffer): number {
    const at = this.#next
    this.#pending.push({ segment: this.#segments.at(-1)!, bytes })
    this.#next += bytes.length
    return at
  }

  /** All frames from a place on, in order. */
  *frames(from = this.#segments[0]!.start, to = this.#durable): Generator<Frame> {
    for (const segment of this.#segments) {
      let at = Math.max(from, segment.start)
      while (at < Math.min(to, segment.start + segment.bytes)) {
        const frame = read(segment, at)
        if (!frame) return
        yield frame
        at = frame.end
      }
    }
  }

  /** Removes segments that hold nothing at or behind a place. */
  release(before: number): void {
    while (this.#segments.length > 1 && this.#segments[0]!.start + this.#segments[0]!.bytes <= before) {
      const { fd, file } = this.#segments.shift()!
      closeSync(fd)
      rmSync(file, { force: true })
    }
  }

  async close(): Promise<void> {
    await this.#until(this.#next).catch(() => {})
    for (const { fd } of this.#segments) closeSync(fd)
    this.#segments.length = 0
  }

  async #until(place: number): Promise<void> {
    while (this.#durable < place) {
      if (this.#failure) throw this.#failure
      this.#flushing ??= this.#flush()
        .catch((error: Error) => {
          this.#failure = error
        })
        .finally(() => {
          this.#flushing = undefined
        })
      await this.#flushing
    }
  }

  async #flush(): Promise<void> {
    const group = this.#pending
    this.#pending = []
    for (const segment of new Set(group.map((one) => one.segment))) {
      const bytes = Buffer.concat(group.flatMap((one) => (one.segment === segment ? [one.bytes] : [])))
      for (let written = 0; written < bytes.length; ) {
        const at = segment.bytes + written
        written += (await writeAsync(segment.fd, bytes, written, bytes.length - written, at)).bytesWritten
      }
      await fdatasyncAsync(segment.fd)
      segment.bytes += bytes.length
      this.#durable += bytes.length
    }
  }

  #add(start: number): Segment {
    const file = join(this.#folder, `${String(start).padStart(16, '0')}.wal`)
    const segment = { file, fd: openSync(file, 'a+'), start, bytes: 0 }
    // A new name is only safe once its folder is.
    const folder = openSync(this.#folder, 'r')
    fsyncSync(folder)
    closeSync(folder)
    return segment
  }
}

function encode(kind: string, head: unknown, body: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const frame = Buffer.allocUnsafe(FIXED_BYTES + json.length + body.length)
  frame.writeUInt32LE(frame.length - PREAMBLE_BYTES, 0)
  frame.write(kind, PREAMBLE_BYTES, 1, 'latin1')
  frame.writeUInt32LE(json.length, PREAMBLE_BYTES + 1)
  json.copy(frame, FIXED_BYTES)
  frame.set(body, FIXED_BYTES + json.length)
  frame.writeUInt32LE(crc32(frame.subarray(PREAMBLE_BYTES)), 4)
  return frame
}

/** Undefined when there is no whole frame at this place. */
function read({ fd, start, bytes }: Segment, at: number): Frame | undefined {
  const preamble = Buffer.alloc(PREAMBLE_BYTES)
  if (at + FIXED_BYTES > start + bytes) return undefined
  readSync(fd, preamble, 0, PREAMBLE_BYTES, at - start)
  const length = preamble.readUInt32LE(0)
  if (length < FIXED_BYTES - PREAMBLE_BYTES || at + PREAMBLE_BYTES + length > start + bytes) return undefined
  const rest = Buffer.allocUnsafe(length)
  readSync(fd, rest, 0, length, at - start + PREAMBLE_BYTES)
  if (crc32(rest) !== preamble.readUInt32LE(4)) return undefined
  const headEnd = 5 + rest.readUInt32LE(1)
  return {
    kind: rest.toString('latin1', 0, 1),
    head: JSON.parse(rest.toString('utf8', 5, headEnd)),
    body: rest.subarray(headEnd),
    at,
    end: at + PREAMBLE_BYTES + length,
  }
}

/** Of the newest segment, what a crash has cut short is taken away. */
function open(file: string, isLast: boolean): Segment {
  const fd = openSync(file, 'a+')
  const { size } = fstatSync(fd)
  const start = Number(file.slice(file.lastIndexOf('/') + 1, -'.wal'.length))
  if (!isLast) return { file, fd, start, bytes: size }
  const segment: Segment = { file, fd, start, bytes: size }
  let whole = start
  for (let frame = read(segment, whole); frame; frame = read(segment, whole)) whole = frame.end
  segment.bytes = whole - start
  if (segment.bytes < size) ftruncateSync(fd, segment.bytes)
  return segment
}

/** Records in a body: each with its length before it. */
export function packRecords(records: Uint8Array[]): Buffer {
  const body = Buffer.allocUnsafe(records.reduce((sum, record) => sum + 4 + record.length, 0))
  let at = 0
  for (const record of records) {
    at = body.writeUInt32LE(record.length, at)
    body.set(record, at)
    at += record.length
  }
  return body
}

export function unpackRecords(body: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const end = at + 4 + body.readUInt32LE(at)
    records.push(body.subarray(at + 4, end))
    at = end
  }
  return records
}
