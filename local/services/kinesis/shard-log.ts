/**
 * The records of one shard, in an append-only log whose segments are named by their first record. Readers see a record when it is on the
 * disk. Memory holds one entry in 64 records; all else is read from the files.
 *
 * A frame: body length, CRC-32 of the body (4 bytes each), arrival in milliseconds (8, a double), length of the partition key (2), then the
 * body: partition key and data.
 */
import { crc32 } from 'node:zlib'
import { AppendLog, type Framing, type Segment } from '../../append-log.ts'

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

const framing: Framing = {
  headerBytes: HEADER_BYTES,
  frameBytes: (piece, at) => HEADER_BYTES + piece.readUInt32LE(at),
  isWhole: (frame) => crc32(frame.subarray(HEADER_BYTES)) === frame.readUInt32LE(4),
}

/** What is known of a segment: `start` is its first record's number. */
interface Contents {
  count: number
  newestMs: number
  /** Of every 64th record: its place and arrival. */
  offsets: number[]
  arrivals: number[]
}

export class ShardLog {
  readonly #log: AppendLog
  readonly #contents = new Map<Segment, Contents>()
  /** The number that the next record gets. */
  #next: number
  /** Records before this one are on the disk. */
  #committed: number

  constructor(folder: string, segmentBytes = DEFAULT_SEGMENT_BYTES) {
    this.#log = new AppendLog(folder, { suffix: '.log', framing, segmentBytes })
    for (const segment of this.#log.segments)
      for (const { at, bytes } of this.#log.frames(segment)) this.#note(segment, at, bytes.readDoubleLE(8))
    const { newest } = this.#log
    this.#next = newest.start + this.#of(newest).count
    this.#committed = this.#next
  }

  /** The oldest record that is still there. */
  get first(): number {
    return this.#log.segments[0]!.start
  }

  /** Behind the newest record that can be read. */
  get end(): number {
    return this.#committed
  }

  /** Gives the first record's number once all are on the disk. */
  async append(records: NewRecord[], arrivalMs: number): Promise<number> {
    if (this.#log.isFull) this.#log.rotate(this.#next)
    const first = this.#next
    const { bytes, places } = encode(records, arrivalMs)
    const at = this.#log.append(bytes)
    for (const place of places) this.#note(this.#log.newest, at + place, arrivalMs)
    this.#next += records.length
    const end = this.#next
    await this.#log.flush()
    this.#committed = Math.max(this.#committed, end)
    return first
  }

  /** Records from `from` on: at most `limit`, and at most `maxBytes` of data (but always one). */
  read(from: number, limit: number, maxBytes: number): StoredRecord[] {
    const records: StoredRecord[] = []
    let bytes = 0
    for (const record of this.#scan(Math.max(from, this.first))) {
      bytes += record.data.length
      if (records.length >= limit || (bytes > maxBytes && records.length > 0)) break
      records.push(record)
    }
    return records
  }

  /** The first record that arrived at this time or later; the log's end when none has. */
  indexAt(ms: number): number {
    const segment = this.#log.segments.find((one) => this.#of(one).count > 0 && this.#of(one).newestMs >= ms)
    if (!segment) return this.#committed
    const entry = this.#of(segment).arrivals.findLastIndex((arrival) => arrival < ms)
    if (entry < 0) return Math.min(segment.start, this.#committed)
    for (const record of this.#scan(segment.start + entry * INDEX_EVERY))
      if (record.arrivalMs >= ms) return record.index
    return this.#committed
  }

  /** Removes segments of which even the newest record arrived before this time. */
  trim(beforeMs: number): void {
    const { newest } = this.#log
    const { count, newestMs } = this.#of(newest)
    if (count > 0 && newestMs < beforeMs) this.#log.rotate(this.#next)
    for (;;) {
      const oldest = this.#log.segments[0]!
      if (this.#of(oldest).newestMs >= beforeMs || !this.#log.removeOldest()) return
      this.#contents.delete(oldest)
    }
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  #of(segment: Segment): Contents {
    let contents = this.#contents.get(segment)
    if (!contents) {
      contents = { count: 0, newestMs: 0, offsets: [], arrivals: [] }
      this.#contents.set(segment, contents)
    }
    return contents
  }

  #note(segment: Segment, at: number, arrivalMs: number): void {
    const contents = this.#of(segment)
    if (contents.count % INDEX_EVERY === 0) {
      contents.offsets.push(at)
      contents.arrivals.push(arrivalMs)
    }
    contents.count++
    contents.newestMs = Math.max(contents.newestMs, arrivalMs)
  }

  /** Records that can be read, from `index` on. */
  *#scan(index: number): Generator<StoredRecord> {
    for (const segment of this.#log.segments) {
      const { count, offsets } = this.#of(segment)
      if (segment.start + count <= index) continue
      const entry = Math.floor(Math.max(0, index - segment.start) / INDEX_EVERY)
      let number = segment.start + entry * INDEX_EVERY
      for (const { bytes } of this.#log.frames(segment, offsets[entry])) {
        if (number >= this.#committed) return
        if (number >= index) yield decode(bytes, number)
        number++
      }
    }
  }
}

/** Frames in one piece of memory, and where each begins in it. */
function encode(records: NewRecord[], arrivalMs: number): { bytes: Buffer; places: number[] } {
  const sizes = records.map(({ partitionKey, data }) => Buffer.byteLength(partitionKey) + data.length)
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + HEADER_BYTES + size, 0))
  const places: number[] = []
  let at = 0
  for (const [i, { partitionKey, data }] of records.entries()) {
    const body = at + HEADER_BYTES
    const end = body + sizes[i]!
    bytes.write(partitionKey, body)
    bytes.set(data, end - data.length)
    bytes.writeUInt32LE(sizes[i]!, at)
    bytes.writeUInt32LE(crc32(bytes.subarray(body, end)), at + 4)
    bytes.writeDoubleLE(arrivalMs, at + 8)
    bytes.writeUInt16LE(sizes[i]! - data.length, at + 16)
    places.push(at)
    at = end
  }
  return { bytes, places }
}

function decode(frame: Buffer, index: number): StoredRecord {
  const keyEnd = HEADER_BYTES + frame.readUInt16LE(16)
  return {
    index,
    arrivalMs: frame.readDoubleLE(8),
    partitionKey: frame.toString('utf8', HEADER_BYTES, keyEnd),
    data: frame.subarray(keyEnd),
  }
}
