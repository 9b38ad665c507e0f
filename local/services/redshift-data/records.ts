/** What the Data API remembers of statements: records in a collection, results in files, both for 24 hours. */
import { createReadStream } from 'node:fs'
import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Cloud, Collection } from '../../cloud.ts'
import type { ResultColumn, SqlValue } from '../../engines/warehouse/index.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export type Status = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED'

/** What a statement and a part of a batch have in common. Times are milliseconds since 1970. */
export interface Part {
  sql: string
  status: Status
  createdAt: number
  updatedAt: number
  startedAt?: number
  /** Nanoseconds. */
  duration: number
  error?: string
  hasResultSet: boolean
  rows: number
  /** Bytes. */
  size: number
  queryId: number
  columns?: ResultColumn[]
}

export interface StatementRecord extends Part {
  id: string
  batch: boolean
  parts: Part[]
  name?: string
  parameters?: { name: string; value: string }[]
  workgroup: string
  workgroupArn: string
  namespace: string
  database: string
  secretArn?: string
  /** Of the caller. */
  principal: string
  role?: string
  withEvent: boolean
  sessionId?: string
  resultFormat: 'JSON' | 'CSV'
  mode?: 'TRANSACTION' | 'AUTO_COMMIT'
}

export const KEPT_MS = 24 * 3600 * 1000
const PAGE_ROWS = 1000

export const isOver = (part: Part) => ['FINISHED', 'FAILED', 'ABORTED'].includes(part.status)

export class Records {
  readonly #statements: Collection<StatementRecord>
  readonly #tokens: Collection<string>
  readonly #folder: string

  constructor(cloud: Cloud) {
    this.#statements = cloud.collection('redshift-data.statements')
    this.#tokens = cloud.collection('redshift-data.client-tokens')
    this.#folder = join(cloud.folder('redshift-results'))
  }

  put(record: StatementRecord): void {
    this.#statements.put(record.id, record)
  }

  all(): StatementRecord[] {
    return this.#statements.entries().map(([, record]) => record)
  }

  find(id: string): StatementRecord | undefined {
    return this.#statements.get(id)
  }

  /**
   * A statement by its id, or a part of a batch by `id:n`.
   *
   * @throws AwsError ResourceNotFoundException
   */
  get(id: string): { record: StatementRecord; part: Part; index?: number } {
    const [own = '', number] = id.split(':')
    const record = this.#statements.get(own)
    const part = number === undefined ? record : record?.parts[Number(number) - 1]
    if (!record || !part) {
      throw new AwsError('ResourceNotFoundException', 'Query does not exist.', { ResourceId: id })
    }
    return { record, part, ...(number === undefined ? {} : { index: Number(number) - 1 }) }
  }

  /** The statement that a client token has started already. */
  byToken(token: string): StatementRecord | undefined {
    const id = this.#tokens.get(token)
    return id === undefined ? undefined : this.#statements.get(id)
  }

  rememberToken(token: string, id: string): void {
    this.#tokens.put(token, id)
  }

  /** Forgets statements and results of more than a day ago. */
  async forgetOld(now = Date.now()): Promise<void> {
    for (const record of this.all()) {
      if (record.createdAt + KEPT_MS > now || !isOver(record)) continue
      this.#statements.delete(record.id)
      const files = record.batch
        ? record.parts.map((_, index) => this.#file(record.id, index))
        : [this.#file(record.id)]
      for (const file of files) await rm(file, { force: true })
    }
    for (const [token, id] of this.#tokens.entries()) if (!this.#statements.get(id)) this.#tokens.delete(token)
  }

  /** Takes a result's rows, one JSON array a line. */
  async writer(id: string, index?: number): Promise<(rows: SqlValue[][]) => Promise<number>> {
    const file = this.#file(id, index)
    await writeFile(file, '')
    return async (rows) => {
      const text = rows.map((row) => `${JSON.stringify(row.map(encode))}\n`).join('')
      await appendFile(file, text)
      return Buffer.byteLength(text)
    }
  }

  /** One page of rows from a byte offset, and where the next page begins. */
  async page(id: string, index: number | undefined, offset: number): Promise<{ rows: unknown[][]; next?: number }> {
    const stream = createReadStream(this.#file(id, index), { start: offset })
    const rows: unknown[][] = []
    let at = offset
    try {
      for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (rows.length === PAGE_ROWS) return { rows, next: at }
        rows.push(JSON.parse(line))
        at += Buffer.byteLength(line) + 1
      }
      return { rows }
    } finally {
      stream.destroy()
    }
  }

  #file(id: string, index?: number): string {
    return join(this.#folder, index === undefined ? `${id}.jsonl` : `${id}.${index + 1}.jsonl`)
  }
}

/** Integers beyond 2^53 as text, bytes as base64; the column's type tells them apart again. */
function encode(value: SqlValue): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
