/**
 * The records of one shard: an append-only log in segment files. Appends of one moment share one write and one fdatasync (group commit),
 * and are seen by readers only then. Memory holds one entry in 64 records; all else is read from the files.
 *
 * A record in a segment: body length, CRC-32 of the body (4 bytes each), arrival in milliseconds (8, a double), length of the partition key
 * (2), then the body: partition key and data.
 */
import {
  closeSync,
  fdatasync,
  fstatSync,
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

export interface StoredRecord {
  /** Counts from 0 over the shard's life. */
  index: number
  arrivalMs: number
  partitionKey: string
  data: Buffer
}

export interface NewRecord {
  partitionKey: string
  data: Uint8Array
}

const HEADER_BYTES = 18
const INDEX_EVERY = 64
const DEFAULT_SEGMENT_BYTES = 32 * 1024 * 1024
const READ_BYTES = 1024 * 1024

/** One file: its first record's number is its name. */
interface Segment {
  file: string
  fd: number
  first: number
  count: number
  bytes: number
  newestMs: number
  /** Of every 64th record: its place and arrival. */
  offsets: number[]
  arrivals: number[]
}

const fdatasyncAsync = promisify(fdatasync)
const writeAsync = promisify(write)

export class ShardLog {
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #segments: Segment[] = []
  #pending: { chunks: Buffer[]; bytes: number; count: number; arrivals: number[]; sizes: number[] } = nothing()
  #flushing: Promise<void> | undefined
  /** The number that the next record gets. */
  #next: number
  /** Records before this one are durable. */
  #committed: number
  #failure: Error | undefined
  #isClosed = false

  constructor(folder: string, segmentBytes = DEFAULT_SEGMENT_BYTES) {
    this.#folder = folder
    this.#segmentBytes = segmentBytes
    mkdirSync(folder, { recursive: true })
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .sort()
    for (const [i, name] of files.entries()) this.#segments.push(recover(join(folder, name), i === files.length - 1))
    if (this.#segments.length === 0) this.#segments.push(this.#newSegment(0))
    const last = this.#segments.at(-1)!
    this.#next = last.first + last.count
    this.#committed = this.#next
  }

  /** The oldest record that is still there. */
  get first(): number {
    return this.#segments[0]!.first
  }

  /** Behind the newest durable record. */
  get end(): number {
    return this.#committed
  }

  /** Gives the first record's number once all are durable. */
  async append(records: NewRecord[], arrivalMs: number): Promise<number> {
    const first = this.#next
    for (const { partitionKey, data } of records) {
      const chunk = encode(partitionKey, data, arrivalMs)
      this.#pending.chunks.push(chunk)
      this.#pending.sizes.push(chunk.length)
      this.#pending.arrivals.push(arrivalMs)
      this.#pending.bytes += chunk.length
    }
    this.#pending.count += records.length
    this.#next += records.length
    // Whoever comes while a group is written goes with the next one.
    while (this.#committed < first + records.length) {
      if (this.#failure) throw this.#failure
      this.#flushing ??= this.#flush()
        .catch((error: Error) => {
          // Nobody knows what of the group is on the disk: only reading the files anew can tell.
          this.#failure = error
        })
        .finally(() => {
          this.#flushing = undefined
        })
      await this.#flushing
    }
    return first
  }

  async #flush(): Promise<void> {
    const group = this.#pending
    this.#pending = nothing()
    let segment = this.#segments.at(-1)!
    if (segment.bytes >= this.#segmentBytes) {
      segment = this.#newSegment(segment.first + segment.count)
      this.#segments.push(segment)
    }
    const bytes = Buffer.concat(group.chunks, group.bytes)
    let written = 0
    while (written < bytes.length) {
      const at = segment.bytes + written
      const { bytesWritten } = await writeAsync(segment.fd, bytes, written, bytes.length - written, at)
      written += bytesWritten
    }
    await fdatasyncAsync(segment.fd)
    for (let i = 0; i < group.count; i++) note(segment, group.sizes[i]!, group.arrivals[i]!)
    this.#committed += group.count
  }

  /** Records from `from` on: at most `limit`, and at most `maxBytes` of data (but always one). */
  read(from: number, limit: number, maxBytes: number): StoredRecord[] {
    const records: StoredRecord[] = []
    let index = Math.max(from, this.first)
    let bytes = 0
    while (records.length < limit && index < this.#committed) {
      const segment = this.#segmentOf(index)
      for (const record of scan(segment, index)) {
        bytes += record.data.length
        if (records.length >= limit || (bytes > maxBytes && records.length > 0)) return records
        records.push(record)
        index = record.index + 1
      }
    }
    return records
  }

  /** The first record that arrived at this time or later; the log's end when none has. */
  indexAt(ms: number): number {
    const segment = this.#segments.find((one) => one.count > 0 && one.newestMs >= ms)
    if (!segment) return this.#committed
    const entry = segment.arrivals.findLastIndex((arrival) => arrival < ms)
    if (entry < 0) return segment.first
    for (const record of scan(segment, segment.first + entry * INDEX_EVERY))
      if (record.arrivalMs >= ms) return record.index
    return segment.first + segment.count
  }

  /** Removes segments of which even the newest record arrived before this time. */
  trim(beforeMs: number): void {
    while (this.#segments.length > 1 && this.#segments[0]!.newestMs < beforeMs) drop(this.#segments.shift()!)
    const [only] = this.#segments
    if (this.#segments.length > 1 || only!.count === 0 || only!.newestMs >= beforeMs || this.#flushing) return
    this.#segments.push(this.#newSegment(only!.first + only!.count))
    drop(this.#segments.shift()!)
  }

  async close(): Promise<void> {
    await this.#flushing
    if (this.#isClosed) return
    this.#isClosed = true
    for (const segment of this.#segments) closeSync(segment.fd)
  }

  #newSegment(first: number): Segment {
    const file = join(this.#folder, `${String(first).padStart(16, '0')}.log`)
    return { file, fd: openSync(file, 'a+'), first, count: 0, bytes: 0, newestMs: 0, offsets: [], arrivals: [] }
  }

  #segmentOf(index: number): Segment {
    return this.#segments.findLast((segment) => segment.first <= index)!
  }
}

function nothing() {
  return { chunks: [] as Buffer[], bytes: 0, count: 0, arrivals: [] as number[], sizes: [] as number[] }
}

function encode(partitionKey: string, data: Uint8Array, arrivalMs: number): Buffer {
  const keyBytes = Buffer.byteLength(partitionKey)
  const chunk = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + data.length)
  chunk.write(partitionKey, HEADER_BYTES)
  chunk.set(data, HEADER_BYTES + keyBytes)
  chunk.writeUInt32LE(keyBytes + data.length, 0)
  chunk.writeUInt32LE(crc32(chunk.subarray(HEADER_BYTES)), 4)
  chunk.writeDoubleLE(arrivalMs, 8)
  chunk.writeUInt16LE(keyBytes, 16)
  return chunk
}

function note(segment: Segment, bytes: number, arrivalMs: number): void {
  if (segment.count % INDEX_EVERY === 0) {
    segment.offsets.push(segment.bytes)
    segment.arrivals.push(arrivalMs)
  }
  segment.count++
  segment.bytes += bytes
  segment.newestMs = Math.max(segment.newestMs, arrivalMs)
}

function drop(segment: Segment): void {
  closeSync(segment.fd)
  rmSync(segment.file, { force: true })
}

/** A segment's records from `index` on, read in pieces. */
function* scan(segment: Segment, index: number): Generator<StoredRecord> {
  const entry = Math.floor((index - segment.first) / INDEX_EVERY)
  let at = segment.offsets[entry]
  if (at === undefined) return
  let number = segment.first + entry * INDEX_EVERY
  let piece: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  let start = at
  const need = (bytes: number) => {
    if (at! + bytes - start <= piece.length) return
    piece = readPiece(segment, at!, Math.max(READ_BYTES, bytes))
    start = at!
  }
  while (at < segment.bytes) {
    need(HEADER_BYTES)
    let offset = at - start
    const length = piece.readUInt32LE(offset)
    need(HEADER_BYTES + length)
    offset = at - start
    if (number >= index) {
      const arrivalMs = piece.readDoubleLE(offset + 8)
      const body = offset + HEADER_BYTES
      const keyEnd = body + piece.readUInt16LE(offset + 16)
      yield {
        index: number,
        arrivalMs,
        partitionKey: piece.toString('utf8', body, keyEnd),
        data: piece.subarray(keyEnd, body + length),
      }
    }
    at += HEADER_BYTES + length
    number++
  }
}

function readPiece(segment: Segment, at: number, bytes: number): Buffer {
  const piece = Buffer.allocUnsafe(Math.min(bytes, segment.bytes - at))
  const got = readSync(segment.fd, piece, 0, piece.length, at)
  return piece.subarray(0, got)
}

/** Reads a segment's index; of the newest one, a record that a crash has cut short is taken away. */
function recover(file: string, isLast: boolean): Segment {
  const fd = openSync(file, 'a+')
  const { size } = fstatSync(fd)
  const first = Number(file.slice(file.lastIndexOf('/') + 1, -'.log'.length))
  const segment: Segment = { file, fd, first, count: 0, bytes: 0, newestMs: 0, offsets: [], arrivals: [] }
  const header = Buffer.alloc(HEADER_BYTES)
  while (segment.bytes + HEADER_BYTES <= size) {
    readSync(fd, header, 0, HEADER_BYTES, segment.bytes)
    const length = header.readUInt32LE(0)
    const end = segment.bytes + HEADER_BYTES + length
    if (end > size) break
    if (isLast) {
      const body = Buffer.allocUnsafe(length)
      readSync(fd, body, 0, length, segment.bytes + HEADER_BYTES)
      if (crc32(body) !== header.readUInt32LE(4)) break
    }
    note(segment, HEADER_BYTES + length, header.readDoubleLE(8))
  }
  if (segment.bytes < size) ftruncateSync(fd, segment.bytes)
  return segment
}
