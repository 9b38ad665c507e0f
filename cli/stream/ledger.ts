/** Keeps account of every record that was sent, and strikes each off when it turns up in S3. */
import { createHash } from 'node:crypto'
import type { UserGenerator } from '../../data/users/generator.ts'
import type { RecordSource, SourceRecord } from '../../data/users/source.ts'

export interface Account {
  sent: number
  /** Rows under the users' prefix. */
  delivered: number
  /** Rows under the errors' prefix, the late ones among them. */
  errors: number
  late: number
  /** Sent and not seen so far. */
  missing: number
  /** Seen more often than sent, of the records that no other producer could have sent. */
  duplicates: number
}

/** Broken records that are shorter, such as blanks, look the same whoever sends them: one too many of them is another producer's. */
const UNMISTAKABLE_LENGTH = 300

interface Entry {
  sent: number
  seen: number
  isUnmistakable: boolean
}

export class Ledger implements RecordSource {
  readonly #generator: UserGenerator
  /** By a hash of the record; broken ones can be equal. */
  readonly #entries = new Map<string, Entry>()
  readonly #byId = new Map<string, Entry>()
  readonly #account = { sent: 0, delivered: 0, errors: 0, late: 0, duplicates: 0 }

  constructor(generator: UserGenerator) {
    this.#generator = generator
  }

  next(sentAt: number): SourceRecord {
    const { record, partitionKey, reason } = this.#generator.next(sentAt)
    const key = hash(record)
    const entry = this.#entries.get(key) ?? { sent: 0, seen: 0, isUnmistakable: record.length >= UNMISTAKABLE_LENGTH }
    entry.sent++
    this.#entries.set(key, entry)
    if (reason === undefined) this.#byId.set(partitionKey, entry)
    this.#account.sent++
    return { record, partitionKey }
  }

  /** A row under the users' prefix. Rows of other producers' records are let pass. */
  user({ id }: { id: string }): void {
    if (this.#strikeOff(this.#byId.get(id))) this.#account.delivered++
  }

  /** A row under the errors' prefix. */
  error({ reason, record }: { reason: string; record: string }): void {
    if (!this.#strikeOff(this.#entries.get(hash(record)))) return
    this.#account.errors++
    if (reason === 'late') this.#account.late++
  }

  get account(): Account {
    const { sent, delivered, errors } = this.#account
    return { ...this.#account, missing: sent - delivered - errors }
  }

  #strikeOff(entry: Entry | undefined): boolean {
    if (!entry) return false
    if (entry.seen === entry.sent) {
      if (entry.isUnmistakable) this.#account.duplicates++
      return false
    }
    entry.seen++
    return true
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('base64')
