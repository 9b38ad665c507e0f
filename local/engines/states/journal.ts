/**
 * The journal of an execution: an append-only list of what happened. The event history is derived from it, and an execution
 * whose process died goes on from it. A record is in the journal before its effect can be seen from outside.
 */

import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Json } from './json.ts'

/**
 * One line. Records with an id of 0 are notes that the history does not show: a chosen delay, a token, a wait's end.
 * `thread` says which branch or iteration it belongs to ('' is the execution itself).
 */
export type JournalRecord = [
  id: number,
  previousId: number,
  timestamp: number,
  type: string,
  details: { readonly [key: string]: Json } | null,
  thread: string,
  note?: { readonly [key: string]: Json },
]

export interface Journal {
  append(record: JournalRecord): void
  /** Hands what was appended to the operating system; called before anything outside can see an effect. */
  flush(): void
  close(): void
}

/** Where journals are kept. `id` is an execution's ARN. */
export interface JournalStore {
  open(id: string): Journal
  /** The records of an execution from the beginning; empty when there is none. A last line that was cut off is left out. */
  read(id: string): JournalRecord[]
  /** The first record, and the last one about the execution as a whole. */
  ends(id: string): { first: JournalRecord | undefined; end: JournalRecord | undefined }
}

/** Whether a record is about the execution as a whole: its start, its end, a redrive. */
function isWhole(record: JournalRecord): boolean {
  return record[0] > 0 && record[3].startsWith('Execution')
}

/** Keeps journals in memory, for express executions and tests. */
export class MemoryJournals implements JournalStore {
  readonly #records = new Map<string, JournalRecord[]>()

  open(id: string): Journal {
    const records = this.#records.get(id) ?? []
    this.#records.set(id, records)
    return { append: (record) => void records.push(record), flush: () => {}, close: () => {} }
  }

  read(id: string): JournalRecord[] {
    return this.#records.get(id) ?? []
  }

  ends(id: string): { first: JournalRecord | undefined; end: JournalRecord | undefined } {
    const records = this.read(id)
    return { first: records[0], end: records.findLast(isWhole) }
  }
}

/** Text is collected up to this many characters between two flushes. */
const bufferSize = 64 * 1024

export interface FileJournalOptions {
  /** Whether every flush waits for the disk (safe against a power cut, not only against the process's death). */
  fsync?: boolean
}

/** Keeps every journal in a file of JSON lines, `ab/<hash>.jsonl`, so that a folder never gets too many entries. */
export class FileJournals implements JournalStore {
  readonly #folder: string
  readonly #fsync: boolean
  readonly #made = new Set<string>()

  constructor(folder: string, options: FileJournalOptions = {}) {
    this.#folder = folder
    this.#fsync = options.fsync ?? false
  }

  /** The file of an execution's journal; the name is a hash, so no id can lead out of the folder. */
  file(id: string): string {
    const name = createHash('sha256').update(id).digest('hex')
    return join(this.#folder, name.slice(0, 2), `${name.slice(2, 34)}.jsonl`)
  }

  open(id: string): Journal {
    const file = this.file(id)
    const folder = dirname(file)
    if (!this.#made.has(folder)) {
      mkdirSync(folder, { recursive: true })
      this.#made.add(folder)
    }
    if (existsSync(file)) cutBrokenLine(file)
    let handle: number | undefined
    let text = ''
    const flush = () => {
      if (text === '') return
      handle ??= openSync(file, 'a')
      const bytes = Buffer.from(text)
      text = ''
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done)
      if (this.#fsync) fsyncSync(handle)
    }
    return {
      append(record) {
        text += `${JSON.stringify(record)}\n`
        if (text.length > bufferSize) flush()
      },
      flush,
      close() {
        flush()
        if (handle !== undefined) closeSync(handle)
        handle = undefined
      },
    }
  }

  read(id: string): JournalRecord[] {
    const file = this.file(id)
    if (!existsSync(file)) return []
    const records: JournalRecord[] = []
    const text = readFileSync(file, 'utf8')
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      records.push(JSON.parse(text.slice(start, end)) as JournalRecord)
      start = end + 1
    }
    return records
  }

  ends(id: string): { first: JournalRecord | undefined; end: JournalRecord | undefined } {
    const file = this.file(id)
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const parse = (from: number, to: number) => JSON.parse(text.slice(from, to)) as JournalRecord
    let to = text.lastIndexOf('\n')
    if (to < 0) return { first: undefined, end: undefined }
    const first = parse(0, text.indexOf('\n'))
    while (to > 0) {
      const from = text.lastIndexOf('\n', to - 1) + 1
      const record = parse(from, to)
      if (isWhole(record)) return { first, end: record }
      to = from - 1
    }
    return { first, end: undefined }
  }
}

/** A process that died while it wrote leaves half a line: it was never acted on, so it goes. */
function cutBrokenLine(file: string): void {
  const bytes = readFileSync(file)
  const end = bytes.lastIndexOf(10) + 1
  if (end < bytes.length) truncateSync(file, end)
}
