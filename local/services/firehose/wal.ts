/**
 * A delivery stream's write-ahead log: frames with a kind, a head (JSON) and a body, read by their place. Places count bytes over the log's
 * whole life, so they stay true when old segments are gone. A frame: length and CRC-32 of the rest (4 bytes each), its kind (1), length of its
 * head (4), the head, and its body.
 */
import { crc32 } from 'node:zlib'
import { AppendLog, type Framing } from '../../append-log.ts'

export interface Frame {
  kind: string
  head: any
  body: Buffer
  /** Where it begins, and where the next one does. */
  at: number
  end: number
}

const PREAMBLE_BYTES = 8
const FIXED_BYTES = PREAMBLE_BYTES + 5
const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024

const framing: Framing = {
  headerBytes: PREAMBLE_BYTES,
  frameBytes: (piece, at) => PREAMBLE_BYTES + piece.readUInt32LE(at),
  isWhole: (frame) => frame.length >= FIXED_BYTES && crc32(frame.subarray(PREAMBLE_BYTES)) === frame.readUInt32LE(4),
}

export class WriteAheadLog {
  readonly #log: AppendLog
  /** The first frame of each new segment, so that what it says survives the old ones. */
  readonly #opening: () => { kind: string; head: unknown }

  constructor(folder: string, opening: () => { kind: string; head: unknown }, segmentBytes = DEFAULT_SEGMENT_BYTES) {
    this.#opening = opening
    this.#log = new AppendLog(folder, { suffix: '.wal', framing, segmentBytes })
  }

  /** Gives the frame's place at once; `safe` resolves when it is on the disk. */
  append(
    kind: string,
    head: unknown,
    body: Uint8Array = Buffer.alloc(0),
  ): { at: number; end: number; safe: Promise<void> } {
    if (this.#log.isFull) {
      const { start, appended } = this.#log.newest
      this.#log.rotate(start + appended)
      const opening = this.#opening()
      this.#log.append(encode(opening.kind, opening.head, Buffer.alloc(0)))
    }
    const frame = encode(kind, head, body)
    const at = this.#log.newest.start + this.#log.append(frame)
    return { at, end: at + frame.length, safe: this.#log.flush() }
  }

  /** All frames on the disk from a place on, in order. */
  *frames(from = 0, to = Number.POSITIVE_INFINITY): Generator<Frame> {
    for (const segment of this.#log.segments) {
      if (segment.start + segment.bytes <= from) continue
      for (const { at, bytes } of this.#log.frames(segment, Math.max(0, from - segment.start))) {
        const place = segment.start + at
        if (place >= to || !framing.isWhole(bytes)) return
        yield { ...decode(bytes), at: place, end: place + bytes.length }
      }
    }
  }

  /** Removes segments that hold nothing at or behind a place. */
  release(before: number): void {
    for (;;) {
      const { start, appended } = this.#log.segments[0]!
      if (start + appended > before || !this.#log.removeOldest()) return
    }
  }

  close(): Promise<void> {
    return this.#log.close()
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

function decode(frame: Buffer): Pick<Frame, 'kind' | 'head' | 'body'> {
  const headEnd = FIXED_BYTES + frame.readUInt32LE(PREAMBLE_BYTES + 1)
  return {
    kind: frame.toString('latin1', PREAMBLE_BYTES, PREAMBLE_BYTES + 1),
    head: JSON.parse(frame.toString('utf8', FIXED_BYTES, headEnd)),
    body: frame.subarray(headEnd),
  }
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
