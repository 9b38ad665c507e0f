/** The DuckDB database of a session: loaded when the first statement needs it, gone when the session closes. */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { MACROS, SETTINGS } from '../compile/prelude.ts'
import { HiveExecutionError, HiveSemanticError, type Place } from '../errors.ts'

export interface DuckOptions {
  readonly threads: number
  /** As DuckDB writes it: `2GB`. */
  readonly memoryLimit: string
  /** Where it may spill. */
  readonly temp: string
}

const INTERRUPT_EVERY = 20

export class Duck {
  readonly #options: DuckOptions
  #opened: Promise<DuckDBInstance> | undefined
  readonly #connections: DuckDBConnection[] = []
  readonly #idle: DuckDBConnection[] = []
  /** What DuckDB does unless told otherwise. */
  #inOrder = true

  constructor(options: DuckOptions) {
    this.#options = options
  }

  /** How many statements are worth running at once. */
  get threads(): number {
    return this.#options.threads
  }

  /** A connection that nobody uses; a new one when all are busy. Macros are the database's, settings a connection's. */
  async #connection(): Promise<DuckDBConnection> {
    this.#opened ??= this.#open()
    const instance = await this.#opened
    const idle = this.#idle.pop()
    if (idle) return idle
    const connection = await instance.connect()
    this.#connections.push(connection)
    for (const statement of SETTINGS) await connection.run(statement)
    return connection
  }

  async #open(): Promise<DuckDBInstance> {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const { threads, memoryLimit, temp } = this.#options
    this.#inOrder = true
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: memoryLimit,
      temp_directory: temp,
    })
    const connection = await instance.connect()
    await connection.run(MACROS.join(';\n'))
    connection.closeSync()
    return instance
  }

  /** Runs a statement and gives how many rows it changed or wrote. */
  async run(sql: string, at: Place): Promise<number> {
    return count(await this.rows(sql, at))
  }

  /**
   * Runs a statement whose rows may be written in any order, so that no thread waits for another: a fifth less time for a large table.
   * Nothing else may run meanwhile, for the setting is the database's.
   */
  async runInAnyOrder(sql: string, at: Place): Promise<number> {
    return count(await this.#read(sql, at, false))
  }

  /** Runs a query and gives its rows; for small results. */
  async rows(sql: string, at: Place): Promise<unknown[][]> {
    return await this.#read(sql, at, true)
  }

  async #read(sql: string, at: Place, inOrder: boolean): Promise<unknown[][]> {
    const connection = await this.#connection()
    try {
      await this.#keepOrder(connection, inOrder)
      return (await connection.runAndReadAll(sql)).getRows()
    } catch (error) {
      throw translated(error, at)
    } finally {
      this.#idle.push(connection)
    }
  }

  /** Set before a statement rather than behind the one before, which may have been interrupted. */
  async #keepOrder(connection: DuckDBConnection, keep: boolean): Promise<void> {
    if (this.#inOrder === keep) return
    await connection.run(`SET preserve_insertion_order = ${keep}`)
    this.#inOrder = keep
  }

  /** Rows as they come, a chunk at a time. */
  async *stream(sql: string, at: Place): AsyncGenerator<unknown[][]> {
    const connection = await this.#connection()
    try {
      await this.#keepOrder(connection, true)
      const result = await connection.stream(sql)
      for (;;) {
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    } catch (error) {
      throw translated(error, at)
    } finally {
      this.#idle.push(connection)
    }
  }

  /**
   * Stops the statement that runs, and any that begins before the returned function is called: an interrupt alone is lost when it comes
   * just before DuckDB sets to work.
   */
  interrupt(): () => void {
    const stop = () => {
      for (const connection of this.#connections) connection.interrupt()
    }
    stop()
    const again = setInterval(stop, INTERRUPT_EVERY)
    return () => clearInterval(again)
  }

  async close(): Promise<void> {
    if (!this.#opened) return
    const instance = await this.#opened
    this.#opened = undefined
    this.#idle.length = 0
    for (const connection of this.#connections.splice(0)) connection.closeSync()
    instance.closeSync()
  }
}

const count = ([row]: unknown[][]): number => Number(row?.[0] ?? 0)

/** DuckDB's binder knows mistakes that the compiler does not look for, such as a column that GROUP BY forgot. */
function translated(error: unknown, at: Place): Error {
  const message = error instanceof Error ? error.message : String(error)
  const [first = message] = message.split('\n')
  const binder = /^(?:Binder|Parser|Catalog) Error: (.*)$/.exec(first)
  return binder ? new HiveSemanticError(binder[1]!, at) : new HiveExecutionError(first, error, at)
}
