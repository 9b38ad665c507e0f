/**
 * A warehouse that speaks Redshift's SQL, kept in one DuckDB file. What it covers and where it differs: README.md beside this file.
 *
 * @example
 * const warehouse = await openWarehouse({ file, locate, temp, memoryLimit: '1GB', threads: 2 })
 * const session = await warehouse.session()
 * await session.execute("COPY loans FROM 's3://bucket/loans/' IAM_ROLE default FORMAT AS PARQUET")
 */
import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openDatabase, prepareConnection } from './database.ts'
import type { Locate } from './objects.ts'
import type { StatementResult } from './result.ts'
import { type ExecuteOptions, WarehouseSession } from './session.ts'
import { createSystemViews } from './system-views.ts'
import { WriteLock } from './write-lock.ts'

export * from './errors.ts'
export type { Locate } from './objects.ts'
export type { ResultColumn, RowSink, SqlValue, StatementResult } from './result.ts'
export type { ExecuteOptions, WarehouseSession } from './session.ts'
export { splitStatements, tokenize } from './tokens.ts'
export { formatType, type RedshiftType, shortType } from './types.ts'

export interface WarehouseSettings {
  /** The database file; its name without the extension is the database's name. Made when it is missing. */
  file: string
  /** Where a role may read or write: an S3 address as a path. */
  locate: Locate
  /** A folder for spills and unpacked files; emptied at the opening. */
  temp: string
  /** For example `1GB`. The process uses up to half a gigabyte beyond it. */
  memoryLimit?: string
  threads?: number
  /** Told when the last session is closed. */
  idle?(): void
}

export interface Warehouse {
  /** How many sessions are open. */
  readonly sessions: number
  /** A session of its own; close it when it is done. */
  session(locate?: Locate): Promise<WarehouseSession>
  /** One statement in a session of its own. @throws WarehouseError */
  execute(sql: string, options?: ExecuteOptions): Promise<StatementResult>
  /** Statements in one transaction, in a session of its own. @throws WarehouseError */
  transaction(statements: readonly string[], options?: ExecuteOptions): Promise<StatementResult[]>
  close(): Promise<void>
}

export async function openWarehouse(settings: WarehouseSettings): Promise<Warehouse> {
  await rm(settings.temp, { recursive: true, force: true })
  await mkdir(settings.temp, { recursive: true })
  await mkdir(dirname(settings.file), { recursive: true })
  const instance = await openDatabase({
    ...settings,
    memoryLimit: settings.memoryLimit ?? '1GB',
    threads: settings.threads ?? 2,
  })
  const log = await instance.connect()
  await createSystemViews(log)
  await prepareConnection(log)
  const lock = new WriteLock()
  const sessions = new Set<WarehouseSession>()
  let lastId = 0

  const closed = (session: WarehouseSession) => {
    sessions.delete(session)
    if (sessions.size === 0) settings.idle?.()
  }
  const session = async (locate = settings.locate): Promise<WarehouseSession> => {
    lastId++
    const opened = await WarehouseSession.open({ instance, log, locate, temp: settings.temp, lock, id: lastId, closed })
    sessions.add(opened)
    return opened
  }
  const once = async <T>(work: (own: WarehouseSession) => Promise<T>): Promise<T> => {
    const own = await session()
    try {
      return await work(own)
    } finally {
      await own.close()
    }
  }

  return {
    get sessions() {
      return sessions.size
    },
    session,
    execute: (sql, options) => once((own) => own.execute(sql, options)),
    transaction: (statements, options) => once((own) => own.transact(statements, options)),
    async close() {
      for (const open of sessions) await open.close()
      log.closeSync()
      instance.closeSync()
    },
  }
}
