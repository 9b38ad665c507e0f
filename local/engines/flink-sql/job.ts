/** A running script: records in, encoded rows out, and all that it remembers between them. */
import type { Graph } from './compile/graph.ts'
import { FlinkSqlRuntimeError } from './errors.ts'
import { decodeRaw } from './formats.ts'
import type { WindowState } from './runtime/windows.ts'

/** What a checkpoint keeps of a job: a JSON document. */
export interface JobState {
  watermark: number | null
  windows: WindowState[]
}

/** The watermark of a source that has ended (Watermark.MAX_WATERMARK). */
const END_OF_TIME = Number.MAX_SAFE_INTEGER

export class Job {
  readonly #graph: Graph
  readonly #buffers: string[][]

  constructor(graph: Graph, buffers: string[][]) {
    this.#graph = graph
    this.#buffers = buffers
  }

  /** @throws FlinkSqlRuntimeError where the job fails; it must not be used after that */
  push(records: Iterable<Uint8Array | string>): void {
    const { push } = this.#graph.source!
    try {
      for (const record of records) push([typeof record === 'string' ? record : decodeRaw(record)])
    } catch (error) {
      if (error instanceof FlinkSqlRuntimeError) throw error
      throw new FlinkSqlRuntimeError(`The job fails on a record: ${(error as Error).message}`, { cause: error })
    }
  }

  /** The rows for each sink since the last call, as JSON objects. */
  drain(): string[][] {
    return this.#buffers.map((buffer) => buffer.splice(0))
  }

  /** The source has ended: all windows fire. */
  finish(): void {
    this.#graph.clock.watermark = END_OF_TIME
    this.#graph.source!.output.advance(END_OF_TIME)
  }

  /** Milliseconds since the epoch; undefined before the first record. */
  get watermark(): number | undefined {
    return this.#graph.clock.watermark
  }

  /** Rows that windows have dropped, because all that they belonged to had fired. */
  get lateRows(): number {
    return this.#graph.windows.reduce((sum, window) => sum + window.lateRows, 0)
  }

  /** Take it after {@link drain}: rows that wait to be drained are not part of it. */
  snapshot(): string {
    const state: JobState = {
      watermark: this.watermark ?? null,
      windows: this.#graph.windows.map((window) => window.snapshot()),
    }
    return JSON.stringify(state, encodeNumbers)
  }

  /** Goes on where {@link snapshot} was taken, in a job of the same script. */
  restore(snapshot: string): void {
    const { watermark, windows } = JSON.parse(snapshot, decodeNumbers) as JobState
    if (windows.length !== this.#graph.windows.length)
      throw new Error(
        `The snapshot has ${windows.length} windows and the script ${this.#graph.windows.length}: it was taken of another script.`,
      )
    this.#graph.clock.watermark = watermark ?? undefined
    this.#graph.windows.forEach((window, i) => {
      window.restore(windows[i]!)
    })
  }
}

/** JSON has neither bigints nor NaN. */
function encodeNumbers(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) }
  return value
}

function decodeNumbers(_key: string, value: any): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (typeof value.$bigint === 'string') return BigInt(value.$bigint)
  return typeof value.$number === 'string' ? Number(value.$number) : value
}
