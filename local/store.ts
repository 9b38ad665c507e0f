/**
 * Rows that survive a restart: one SQLite file for all services, one table of JSON documents.
 * SQLite in WAL mode keeps what is committed through a kill -9 (https://www.sqlite.org/wal.html).
 */
import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Collection } from './cloud.ts'

/** Sorts behind every key that starts with a prefix: SQLite compares UTF-8 bytes. */
const LAST_CHARACTER = '\u{10ffff}'
const OWNER_ONLY = 0o600

export class Store {
  readonly #database: DatabaseSync
  readonly #get: StatementSync
  readonly #put: StatementSync
  readonly #delete: StatementSync
  readonly #entries: StatementSync

  constructor(file: string) {
    // Its owner's only, before anything is in it; SQLite gives its other files the mode of the first.
    closeSync(openSync(file, 'a', OWNER_ONLY))
    chmodSync(file, OWNER_ONLY)
    this.#database = new DatabaseSync(file)
    // NORMAL loses no committed row when a process is killed; only a power cut can cost the last ones.
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA busy_timeout = 5000;
      CREATE TABLE IF NOT EXISTS row (
        collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (collection, key)
      ) WITHOUT ROWID;`)
    this.#get = this.#database.prepare('SELECT value FROM row WHERE collection = ? AND key = ?')
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO row VALUES (?, ?, ?)')
    this.#delete = this.#database.prepare('DELETE FROM row WHERE collection = ? AND key = ?')
    this.#entries = this.#database.prepare(
      'SELECT key, value FROM row WHERE collection = ? AND key >= ? AND key < ? ORDER BY key',
    )
  }

  collection<T>(name: string): Collection<T> {
    return {
      get: (key) => {
        const row = this.#get.get(name, key)
        return row ? (JSON.parse(row.value as string) as T) : undefined
      },
      put: (key, value) => void this.#put.run(name, key, JSON.stringify(value)),
      delete: (key) => this.#delete.run(name, key).changes > 0,
      entries: (prefix = '') => {
        const rows = this.#entries.all(name, prefix, prefix + LAST_CHARACTER)
        return rows.map((row): [string, T] => [row.key as string, JSON.parse(row.value as string) as T])
      },
    }
  }

  close(): void {
    this.#database.close()
  }
}
