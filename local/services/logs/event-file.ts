/**
 * A log stream as a file to which events are appended, a JSON line each: `{"t": timestamp, "i": ingestion time, "m": message}`.
 * Pages are read by byte offset, so that a page costs no more for a long file.
 */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

export interface LogEvent {
  timestamp: number
  ingestionTime: number
  message: string
  /** Where its line begins and ends. */
  offset: number
  end: number
}

export interface Page {
  events: LogEvent[]
  /** Where a reader goes on, towards the beginning and towards the end. */
  before: number
  after: number
}

export type Wanted = (event: LogEvent) => boolean

/** AWS answers at most 1 MiB at once. */
const mostBytes = 1024 * 1024
/** Reading begins with a small block, for those who want one event, and goes on with ever larger ones. */
const firstBlockBytes = 16 * 1024
const largestBlockBytes = 1024 * 1024
const lineFeed = 0x0a

export function append(path: string, events: { timestamp: number; message: string }[], ingestionTime: number): void {
  const lines = events.map(
    ({ timestamp, message }) => `${JSON.stringify({ t: timestamp, i: ingestionTime, m: message })}\n`,
  )
  appendFileSync(path, lines.join(''))
}

export function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

/** Events from `start` on, towards the end of the file. */
export function* readForward(path: string, start = 0): Generator<LogEvent> {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  try {
    const end = fstatSync(file).size
    let rest = Buffer.alloc(0)
    let offset = Math.min(start, end)
    let blockBytes = firstBlockBytes
    for (let position = offset; position < end; blockBytes = Math.min(2 * blockBytes, largestBlockBytes)) {
      const block = Buffer.alloc(Math.min(blockBytes, end - position))
      const length = readSync(file, block, 0, block.length, position)
      if (length === 0) break
      position += length
      const data = Buffer.concat([rest, block.subarray(0, length)])
      let from = 0
      for (let to = data.indexOf(lineFeed); to >= 0; to = data.indexOf(lineFeed, from)) {
        yield parse(data.subarray(from, to), offset)
        offset += to + 1 - from
        from = to + 1
      }
      rest = data.subarray(from)
    }
  } finally {
    closeSync(file)
  }
}

/** Events before `end`, the last one first. */
export function* readBackward(path: string, end: number): Generator<LogEvent> {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  try {
    let rest = Buffer.alloc(0)
    let position = Math.min(end, fstatSync(file).size)
    for (let blockBytes = firstBlockBytes; position > 0; blockBytes = Math.min(2 * blockBytes, largestBlockBytes)) {
      const length = Math.min(blockBytes, position)
      const block = Buffer.alloc(length)
      readSync(file, block, 0, length, position - length)
      position -= length
      const data = Buffer.concat([block, rest])
      let to = data.length
      while (to > 0) {
        const from = data.lastIndexOf(lineFeed, to - 2) + 1
        if (from === 0 && position > 0) break
        yield parse(data.subarray(from, to - 1), position + from)
        to = from
      }
      rest = data.subarray(0, to)
    }
  } finally {
    closeSync(file)
  }
}

export function pageForward(path: string, start: number, limit: number, wanted: Wanted): Page {
  const page = collect(readForward(path, start), limit, wanted)
  return { events: page, before: page[0]?.offset ?? start, after: page.at(-1)?.end ?? start }
}

export function pageBackward(path: string, end: number, limit: number, wanted: Wanted): Page {
  const page = collect(readBackward(path, end), limit, wanted).reverse()
  return { events: page, before: page[0]?.offset ?? 0, after: page.at(-1)?.end ?? end }
}

function collect(events: Iterable<LogEvent>, limit: number, wanted: Wanted): LogEvent[] {
  const page: LogEvent[] = []
  let bytes = 0
  for (const event of events) {
    if (page.length === limit) break
    if (!wanted(event)) continue
    bytes += event.end - event.offset
    if (bytes > mostBytes && page.length > 0) break
    page.push(event)
  }
  return page
}

function parse(line: Buffer, offset: number): LogEvent {
  const { t, i, m } = JSON.parse(line.toString()) as { t: number; i: number; m: string }
  return { timestamp: t, ingestionTime: i, message: m, offset, end: offset + line.length + 1 }
}
