/**
 * An append-only log in segment files, for what comes too fast for a database. The appends of one moment share one write and one fdatasync
 * (group commit). What a crash cuts short at the end is taken away when the log is opened again.
 *
 * What a frame is, its owner says ({@link Framing}); so does it name the segments, by a number that grows.
 */
import {
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
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

export interface Framing {
  /** How many bytes at the start of a frame tell how long it is. */
  headerBytes: number
  /** The length of the whole frame. */
  frameBytes(piece: Buffer, at: number): number
  /** Whether the frame is as it was written: its checksum holds. */
  isWhole(frame: Buffer): boolean
}

export interface Segment {
  readonly file: string
  readonly fd: number
  /** The number in its name. */
  readonly start: number
  /** How many bytes of it are on the disk. */
  bytes: number
  /** The same with those that are on their way there. */
  appended: number
  /** The folder does not know for certain of a file that has just been made. */
  isNew: boolean
}

export interface AppendLogOptions {
  /** Of the files' names, such as `.log`. */
  suffix: string
  framing: Framing
  /** When a segment is full: it ends with the frame that makes it larger than this. */
  segmentBytes: number
}

const READ_BYTES = 1024 * 1024
const NAME_DIGITS = 16

const fdatasyncAsync = promisify(fdatasync)
const fsyncAsync = promisify(fsync)
const writeAsync = promisify(write)

export class AppendLog {
  readonly #folder: string
  readonly #options: AppendLogOptions
  readonly #segments: Segment[]
  #pending: { segment: Segment; bytes: Buffer }[] = []
  /** Bytes since the log was opened: given to {@link append}, and on the disk. */
  #appended = 0
  #durable = 0
  #flushing: Promise<void> | undefined
  #failure: Error | undefined
  #isClosed = false

  constructor(folder: string, options: AppendLogOptions) {
    this.#folder = folder
    this.#options = options
    mkdirSync(folder, { recursive: true })
    const names = readdirSync(folder).filter((name) => name.endsWith(options.suffix))
    this.#segments = names.sort().map((name) => open(join(folder, name), options.suffix))
    const last = this.#segments.at(-1)
    if (last) truncateToWhole(last, options.framing)
    else this.rotate(0)
  }

  /** Oldest first; there is always one. */
  get segments(): readonly Segment[] {
    return this.#segments
  }

  get newest(): Segment {
    return this.#segments.at(-1)!
  }

  /** Whether the next frame should go to a new segment. */
  get isFull(): boolean {
    return this.newest.appended >= this.#options.segmentBytes
  }

  /** Begins a new segment. @param start larger than that of any other */
  rotate(start: number): void {
    const file = join(this.#folder, String(start).padStart(NAME_DIGITS, '0') + this.#options.suffix)
    this.#segments.push({ file, fd: openSync(file, 'a+'), start, bytes: 0, appended: 0, isNew: true })
  }

  /** Takes one frame or several, and gives their place in the newest segment at once. They are safe when {@link flush} resolves. */
  append(bytes: Buffer): number {
    const segment = this.newest
    const at = segment.appended
    this.#pending.push({ segment, bytes })
    segment.appended += bytes.length
    this.#appended += bytes.length
    return at
  }

  /**
   * Resolves when all that was appended before is on the disk.
   * @throws the file system's error, from then on always: nobody knows what of a group is on the disk, only reading the files anew can tell
   */
  async flush(): Promise<void> {
    const wanted = this.#appended
    // Whoever comes while a group is written goes with the next one.
    while (this.#durable < wanted) {
      if (this.#failure) throw this.#failure
      this.#flushing ??= this.#writeGroup()
        .catch((error: Error) => {
          this.#failure = error
        })
        .finally(() => {
          this.#flushing = undefined
        })
      await this.#flushing
    }
  }

  /** The frames on the disk from a place in a segment on, in order. They share memory with their neighbours. */
  *frames(segment: Segment, from = 0): Generator<{ at: number; bytes: Buffer }> {
    yield* framesOf(segment, this.#options.framing, from)
  }

  /** Removes the oldest segment, unless it is the newest too or still being written. Tells whether it has. */
  removeOldest(): boolean {
    const [oldest] = this.#segments
    if (oldest === this.newest || oldest!.bytes < oldest!.appended) return false
    this.#segments.shift()
    closeSync(oldest!.fd)
    rmSync(oldest!.file, { force: true })
    return true
  }

  async close(): Promise<void> {
    await this.flush().catch(() => {})
    if (this.#isClosed) return
    this.#isClosed = true
    this.#failure ??= new Error(`The log in ${this.#folder} is closed.`)
    for (const { fd } of this.#segments) closeSync(fd)
  }

  async #writeGroup(): Promise<void> {
    const group = this.#pending
    this.#pending = []
    for (const segment of new Set(group.map((one) => one.segment))) {
      const parts = group.flatMap((one) => (one.segment === segment ? [one.bytes] : []))
      const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      for (let written = 0; written < bytes.length; ) {
        const at = segment.bytes + written
        written += (await writeAsync(segment.fd, bytes, written, bytes.length - written, at)).bytesWritten
      }
      await fdatasyncAsync(segment.fd)
      if (segment.isNew) await this.#keepName(segment)
      segment.bytes += bytes.length
      this.#durable += bytes.length
    }
  }

  async #keepName(segment: Segment): Promise<void> {
    const folder = openSync(this.#folder, 'r')
    try {
      await fsyncAsync(folder)
    } finally {
      closeSync(folder)
    }
    segment.isNew = false
  }
}

function open(file: string, suffix: string): Segment {
  const fd = openSync(file, 'a+')
  const { size } = fstatSync(fd)
  const start = Number(file.slice(file.lastIndexOf('/') + 1, -suffix.length))
  return { file, fd, start, bytes: size, appended: size, isNew: false }
}

function truncateToWhole(segment: Segment, framing: Framing): void {
  let whole = 0
  for (const { at, bytes } of framesOf(segment, framing, 0)) {
    if (!framing.isWhole(bytes)) break
    whole = at + bytes.length
  }
  if (whole < segment.bytes) ftruncateSync(segment.fd, whole)
  segment.bytes = whole
  segment.appended = whole
}

/** Reads in pieces. Ends before a frame that has no end in the file. */
function* framesOf(
  segment: Segment,
  { headerBytes, frameBytes }: Framing,
  from: number,
): Generator<{ at: number; bytes: Buffer }> {
  let piece: Buffer = Buffer.alloc(0)
  let start = from
  const need = (at: number, bytes: number): boolean => {
    if (at + bytes > segment.bytes) return false
    if (at + bytes <= start + piece.length) return true
    piece = readPiece(segment, at, Math.max(READ_BYTES, bytes))
    start = at
    return piece.length >= bytes
  }
  for (let at = from; need(at, headerBytes); ) {
    const length = frameBytes(piece, at - start)
    if (length < headerBytes || !need(at, length)) return
    yield { at, bytes: piece.subarray(at - start, at - start + length) }
    at += length
  }
}

function readPiece(segment: Segment, at: number, bytes: number): Buffer {
  const piece = Buffer.allocUnsafe(Math.min(bytes, segment.bytes - at))
  return piece.subarray(0, readSync(segment.fd, piece, 0, piece.length, at))
}
