/** One session: its own connection, temporary tables and transaction; statements run one after another. */
import type { DuckDBInstance } from '@duckdb/node-api'
import { type Connection, prepareConnection } from './database.ts'
import { WarehouseCancelledError, WarehouseTransactionError } from './errors.ts'
import type { Locate } from './objects.ts'
import type { ResultColumn, RowSink, StatementResult } from './result.ts'
import type { Parameters } from './rewrite.ts'
import { runStatement } from './statement.ts'
import { splitStatements } from './tokens.ts'
import { translateError } from './translate-error.ts'
import type { WriteLock } from './write-lock.ts'

export interface SessionContext {
  instance: DuckDBInstance
  /** For the load history, beside all transactions. */
  log: Connection
  locate: Locate
  temp: string
  lock: WriteLock
  id: number
  /** Told when the session is closed. */
  closed(session: WarehouseSession): void
}

export interface ExecuteOptions {
  /** Values for `:name` in the statement. */
  parameters?: Parameters
  /** Takes the rows as they come; without it they are collected in the result. */
  sink?: (columns: ResultColumn[]) => RowSink
}

/** `idle`: each statement commits by itself. `failed`: nothing runs until ROLLBACK. */
type Transaction = 'idle' | 'open' | 'failed'

export class WarehouseSession {
  readonly context: SessionContext
  readonly connection: Connection
  transaction: Transaction = 'idle'
  searchPath: string[] = ['public']
  #queue: Promise<unknown> = Promise.resolve()
  #cancelled = false
  #release: (() => void) | undefined

  private constructor(context: SessionContext, connection: Connection) {
    this.context = context
    this.connection = connection
  }

  static async open(context: SessionContext): Promise<WarehouseSession> {
    const connection = await context.instance.connect()
    await prepareConnection(connection)
    return new WarehouseSession(context, connection)
  }

  /**
   * Runs one statement.
   *
   * @throws WarehouseError typed and worded as Redshift's; an open transaction is then aborted
   */
  execute(sql: string, options: ExecuteOptions = {}): Promise<StatementResult> {
    return this.#enqueue(() => this.#run(sql, options))
  }

  /**
   * Runs statements in order in one transaction: all or nothing, but for TRUNCATE, which commits what came before it.
   *
   * @param observe called before a statement starts, and when it has ended
   * @throws WarehouseError of the statement that failed, after the rollback
   */
  transact(
    statements: readonly string[],
    options: ExecuteOptions = {},
    observe: (index: number, state: 'started' | 'finished', result?: StatementResult) => void = () => {},
  ): Promise<StatementResult[]> {
    return this.#enqueue(async () => {
      const results: StatementResult[] = []
      await this.#run('BEGIN', {})
      try {
        for (const [index, sql] of statements.entries()) {
          observe(index, 'started')
          const result = await this.#run(sql, options)
          results.push(result)
          observe(index, 'finished', result)
          // A TRUNCATE has committed; the rest is a transaction again.
          if (this.transaction === 'idle') await this.#run('BEGIN', {})
        }
        await this.#run('COMMIT', {})
        return results
      } catch (error) {
        this.#cancelled = false
        await this.#run('ROLLBACK', {}).catch(() => {})
        throw error
      }
    })
  }

  /** Stops the statement that runs now; it fails with {@link WarehouseCancelledError}. */
  cancel(): void {
    this.#cancelled = true
    this.connection.interrupt()
    this.context.lock.withdraw(this)
  }

  /** Rolls back what is open and drops the temporary tables. */
  async close(): Promise<void> {
    await this.#enqueue(async () => {
      this.#cancelled = false
      if (this.transaction !== 'idle') await this.connection.run('ROLLBACK').catch(() => {})
      this.releaseLock()
      this.connection.closeSync()
      this.context.closed(this)
    }).catch(() => {})
  }

  /** One writer at a time, as long as its transaction lasts: Redshift makes the second one wait, DuckDB alone would fail it. */
  async takeLock(): Promise<void> {
    this.#release ??= await this.context.lock.take(this)
  }

  releaseLock(): void {
    this.#release?.()
    this.#release = undefined
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const run = this.#queue.then(() => {
      this.#cancelled = false
      return task()
    })
    this.#queue = run.catch(() => {})
    return run
  }

  async #run(sql: string, options: ExecuteOptions): Promise<StatementResult> {
    try {
      const result = await this.#runInTransaction(sql, options)
      if (this.#cancelled) throw new WarehouseCancelledError()
      return result
    } catch (error) {
      const translated = this.#cancelled ? new WarehouseCancelledError() : translateError(error, sql)
      if (this.transaction === 'open') this.transaction = 'failed'
      throw translated
    } finally {
      if (this.transaction === 'idle') this.releaseLock()
    }
  }

  async #runInTransaction(sql: string, options: ExecuteOptions): Promise<StatementResult> {
    const [statement, ...more] = splitStatements(sql)
    if (statement === undefined) return { command: '', rowCount: 0 }
    // Several statements in one text are one transaction unless they say otherwise.
    if (more.length > 0) {
      const implicit = this.transaction === 'idle'
      if (implicit) await this.#begin()
      let last: StatementResult = { command: '', rowCount: 0 }
      try {
        for (const each of [statement, ...more]) last = await runStatement(this, each, options)
      } catch (error) {
        if (implicit) await this.#rollback()
        throw error
      }
      if (implicit && (this.transaction as Transaction) === 'open') await this.commit()
      return last
    }
    return runStatement(this, statement, options)
  }

  /** Runs `work` in the open transaction, or in one of its own. */
  async atomically<T>(work: () => Promise<T>): Promise<T> {
    if (this.transaction !== 'idle') return work()
    await this.#begin()
    try {
      const value = await work()
      if (this.#cancelled) throw new WarehouseCancelledError()
      await this.commit()
      return value
    } catch (error) {
      await this.#rollback()
      throw error
    }
  }

  async #begin(): Promise<void> {
    await this.connection.run('BEGIN TRANSACTION')
    this.transaction = 'open'
  }

  async begin(): Promise<void> {
    if (this.transaction === 'idle') await this.#begin()
  }

  async commit(): Promise<void> {
    if (this.transaction === 'idle') return
    if (this.transaction === 'failed') return this.#rollback()
    try {
      await this.connection.run('COMMIT')
    } catch (error) {
      await this.connection.run('ROLLBACK').catch(() => {})
      throw error
    } finally {
      this.transaction = 'idle'
      this.releaseLock()
    }
  }

  async rollback(): Promise<void> {
    if (this.transaction !== 'idle') await this.#rollback()
  }

  async #rollback(): Promise<void> {
    try {
      await this.connection.run('ROLLBACK')
    } finally {
      this.transaction = 'idle'
      this.releaseLock()
    }
  }

  /** @throws WarehouseTransactionError when the transaction has failed already */
  refuseIfFailed(): void {
    if (this.transaction !== 'failed') return
    throw new WarehouseTransactionError(
      '25P02',
      'current transaction is aborted, commands ignored until end of transaction block',
    )
  }
}
