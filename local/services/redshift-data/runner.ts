/** Runs statements behind the caller's back and keeps their records up to date. */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import type { ExecuteOptions, StatementResult, WarehouseSession } from '../../engines/warehouse/index.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { announce } from './events.ts'
import { isOver, type Part, type Records, type StatementRecord, type Status } from './records.ts'
import type { Warehouses } from './warehouses.ts'

const NANOSECONDS = 1_000_000
const MAX_KEEP_ALIVE = 86_400

/** A session that lives longer than its statement. */
interface KeptSession {
  session: WarehouseSession
  workgroup: string
  database: string
  keepAliveSeconds: number
  expiry?: NodeJS.Timeout
  busy: boolean
}

export class Runner {
  readonly #cloud: Cloud
  readonly #records: Records
  readonly #warehouses: Warehouses
  readonly #sessions = new Map<string, KeptSession>()
  readonly #running = new Map<string, { done: Promise<void>; session?: WarehouseSession; cancelled: boolean }>()
  #lastQueryId = Math.floor(Date.now() / 1000) % 1_000_000_000

  constructor(cloud: Cloud, records: Records, warehouses: Warehouses) {
    this.#cloud = cloud
    this.#records = records
    this.#warehouses = warehouses
  }

  nextQueryId(): number {
    this.#lastQueryId++
    return this.#lastQueryId
  }

  /** Starts a statement that has a record already; the answer does not wait for it. */
  start(record: StatementRecord): void {
    const entry: { done: Promise<void>; session?: WarehouseSession; cancelled: boolean } = {
      done: Promise.resolve(),
      cancelled: false,
    }
    this.#running.set(record.id, entry)
    entry.done = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#run(record, entry))
      .catch((error) =>
        this.#cloud.log('error', 'A Redshift Data statement broke the local cloud', {
          id: record.id,
          error: String(error),
        }),
      )
      .finally(() => this.#running.delete(record.id))
  }

  /** Waits for a statement's end, at most so many seconds. */
  async wait(id: string, seconds: number): Promise<void> {
    const running = this.#running.get(id)
    if (!running) return
    const timer = new AbortController()
    await Promise.race([running.done, sleep(seconds * 1000, undefined, { signal: timer.signal }).catch(() => {})])
    timer.abort()
  }

  /** @returns false when the statement is over already */
  cancel(id: string): boolean {
    const running = this.#running.get(id)
    if (!running) return false
    running.cancelled = true
    running.session?.cancel()
    return true
  }

  /** @throws AwsError ValidationException for a session that is not there, or is busy */
  keptSession(id: string): { workgroup: string; database: string } {
    const kept = this.#sessions.get(id)
    if (!kept) throw new AwsError('ValidationException', `Session is not available: ${id}`)
    if (kept.busy) throw new AwsError('ValidationException', `Session is busy: ${id} runs another statement`)
    return kept
  }

  /** @param seconds how long it stays after its last statement @throws AwsError ValidationException */
  async keepSession(namespace: string, workgroup: string, database: string, seconds: number): Promise<string> {
    if (seconds > MAX_KEEP_ALIVE) {
      throw new AwsError(
        'ValidationException',
        `SessionKeepAliveSeconds has to be at most ${MAX_KEEP_ALIVE}, not ${seconds}.`,
      )
    }
    const id = randomUUID()
    const session = await (await this.#warehouses.open(namespace, database)).session()
    this.#sessions.set(id, { session, workgroup, database, keepAliveSeconds: seconds, busy: false })
    return id
  }

  /** Statements that the last process left behind can never end. */
  async failOrphans(): Promise<void> {
    for (const record of this.#records.all()) {
      if (isOver(record)) continue
      const error = 'The local cloud was stopped while the statement ran; its transaction was rolled back.'
      for (const part of [record, ...record.parts]) if (!isOver(part)) end(part, 'FAILED', error)
      await this.#settle(record)
    }
  }

  async close(): Promise<void> {
    for (const id of this.#running.keys()) this.cancel(id)
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    for (const kept of this.#sessions.values()) {
      clearTimeout(kept.expiry)
      await kept.session.close()
    }
    this.#sessions.clear()
  }

  async #run(record: StatementRecord, entry: { session?: WarehouseSession; cancelled: boolean }): Promise<void> {
    const kept = record.sessionId === undefined ? undefined : this.#sessions.get(record.sessionId)
    begin(record)
    this.#records.put(record)
    let own: WarehouseSession | undefined
    try {
      if (entry.cancelled) throw Object.assign(new Error('Query was cancelled'), { name: 'WarehouseCancelledError' })
      own = kept ? undefined : await (await this.#warehouses.open(record.namespace, record.database)).session()
      entry.session = kept?.session ?? own
      if (kept) this.#occupy(kept)
      if (record.batch) await this.#runBatch(record, entry.session as WarehouseSession)
      else await this.#runPart(record, record, entry.session as WarehouseSession)
      end(record, 'FINISHED')
    } catch (error) {
      const aborted = entry.cancelled || (error as Error).name === 'WarehouseCancelledError'
      for (const part of record.parts)
        if (!isOver(part)) end(part, 'ABORTED', part.startedAt && aborted ? 'Query was cancelled' : undefined)
      end(record, aborted ? 'ABORTED' : 'FAILED', aborted ? 'Query was cancelled' : (error as Error).message)
    } finally {
      await own?.close()
      if (kept && record.sessionId) this.#release(record.sessionId, kept)
    }
    await this.#settle(record)
  }

  async #runBatch(record: StatementRecord, session: WarehouseSession): Promise<void> {
    const transactional = record.mode !== 'AUTO_COMMIT'
    if (transactional) await session.execute('BEGIN')
    let current = 0
    try {
      for (const [index, part] of record.parts.entries()) {
        current = index
        begin(part)
        this.#records.put(record)
        await this.#runPart(record, part, session, index)
        end(part, 'FINISHED')
        // A TRUNCATE has committed; the rest is a transaction again.
        if (transactional && session.transaction === 'idle' && index + 1 < record.parts.length)
          await session.execute('BEGIN')
      }
      if (transactional) await session.execute('COMMIT')
    } catch (error) {
      const part = record.parts[current] as Part
      const aborted = (error as Error).name === 'WarehouseCancelledError'
      if (!isOver(part)) end(part, aborted ? 'ABORTED' : 'FAILED', (error as Error).message)
      if (transactional) await session.execute('ROLLBACK').catch(() => {})
      throw new Error(`Query #${current + 1} failed with ${(error as Error).message}`, { cause: error })
    }
    const last = record.parts.at(-1) as Part
    Object.assign(record, {
      hasResultSet: record.parts.some((part) => part.hasResultSet),
      rows: last.rows,
      size: last.size,
    })
  }

  async #runPart(record: StatementRecord, part: Part, session: WarehouseSession, index?: number): Promise<void> {
    const { splitStatements } = await import('../../engines/warehouse/index.ts')
    if (splitStatements(part.sql).length > 1) {
      throw new Error('ERROR: cannot insert multiple commands into a prepared statement')
    }
    let write: ((rows: Parameters<Awaited<ReturnType<Records['writer']>>>[0]) => Promise<number>) | undefined
    let opening: Promise<void> | undefined
    const options: ExecuteOptions = {
      parameters: new Map((record.parameters ?? []).map(({ name, value }) => [name, value])),
      sink: () => {
        opening = this.#records.writer(record.id, index).then((writer) => {
          write = writer
        })
        return async (rows) => {
          await opening
          part.size += (await write?.(rows)) ?? 0
        }
      },
    }
    const result: StatementResult = await session.execute(part.sql, options)
    await opening
    part.rows = result.rowCount
    part.hasResultSet = result.columns !== undefined
    if (result.columns) part.columns = result.columns
  }

  async #settle(record: StatementRecord): Promise<void> {
    this.#records.put(record)
    if (record.withEvent) await announce(this.#cloud, record)
  }

  #occupy(kept: KeptSession): void {
    clearTimeout(kept.expiry)
    kept.busy = true
  }

  #release(id: string, kept: KeptSession): void {
    kept.busy = false
    kept.expiry = setTimeout(() => {
      this.#sessions.delete(id)
      void kept.session.close()
    }, kept.keepAliveSeconds * 1000)
    kept.expiry.unref()
  }
}

function begin(part: Part): void {
  part.status = 'STARTED'
  part.startedAt = part.updatedAt = Date.now()
}

function end(part: Part, status: Status, error?: string): void {
  part.status = status
  part.updatedAt = Date.now()
  part.duration = part.startedAt === undefined ? -1 : Math.max(part.updatedAt - part.startedAt, 0) * NANOSECONDS
  if (error !== undefined) part.error = error
}
