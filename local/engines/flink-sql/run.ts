/**
 * Runs a job between a source and its sinks, with checkpoints. A checkpoint is taken only when all sinks have everything up to its position,
 * so after a crash nothing is missing, and what came behind the last checkpoint is written again: at least once. A sink that skips what it
 * has had under the same offset makes that exactly once.
 */
import type { Job } from './job.ts'
import type { Program } from './program.ts'

/** A place in a source: a JSON value that means something to the source alone. */
export type Position = unknown

export interface Source {
  /** The next records behind a position (undefined: from the start), and where they end. Waits a moment when there are none, then gives none. */
  read(position: Position | undefined, signal: AbortSignal): Promise<{ records: Uint8Array[]; position: Position }>
}

export interface Sink {
  /** Resolves when the rows are safe. @param offset how many rows of this job the sink was given before */
  write(rows: string[], offset: number, signal: AbortSignal): Promise<void>
}

export interface Checkpoint {
  position: Position
  /** {@link Job.snapshot} */
  state: string
  /** Rows written, by sink. */
  offsets: number[]
}

export interface Checkpoints {
  load(): Promise<Checkpoint | undefined>
  save(checkpoint: Checkpoint): Promise<void>
}

export interface Progress {
  recordsIn: number
  rowsOut: number[]
  watermark: number | undefined
  lateRows: number
  checkpoints: number
}

export interface RunOptions {
  program: Program
  source: Source
  /** One for each of the program's sinks. */
  sinks: Sink[]
  checkpoints: Checkpoints
  /** Milliseconds between checkpoints. */
  intervalMs: number
  signal: AbortSignal
  onProgress?(progress: Progress): void
  now?: () => number
}

/**
 * Runs until the signal aborts; the last checkpoint then holds everything that was read.
 * @throws whatever source, sinks or checkpoints throw, and FlinkSqlRuntimeError
 */
export async function runProgram(options: RunOptions): Promise<void> {
  const { program, source, sinks, checkpoints, intervalMs, signal, now = Date.now } = options
  const job = program.start(now)
  const restored = await checkpoints.load()
  if (restored) job.restore(restored.state)
  let position = restored?.position
  const offsets = restored?.offsets.slice() ?? sinks.map(() => 0)
  const progress: Progress = {
    recordsIn: 0,
    rowsOut: offsets,
    watermark: job.watermark,
    lateRows: job.lateRows,
    checkpoints: 0,
  }
  let savedAt = now()
  let isDirty = false

  const checkpoint = async () => {
    await checkpoints.save({ position, state: job.snapshot(), offsets: offsets.slice() })
    progress.checkpoints++
    savedAt = now()
    isDirty = false
  }

  options.onProgress?.(progress)
  let next = source.read(position, signal)
  while (!signal.aborted) {
    const batch = await next
    // The source reads ahead while the sinks write.
    next = source.read(batch.position, signal)
    next.catch(() => {})
    if (batch.records.length > 0) {
      job.push(batch.records)
      await deliver(job, sinks, offsets, signal)
      progress.recordsIn += batch.records.length
    }
    isDirty ||= batch.records.length > 0 || position === undefined
    position = batch.position
    Object.assign(progress, { watermark: job.watermark, lateRows: job.lateRows })
    options.onProgress?.(progress)
    if (isDirty && now() - savedAt >= intervalMs) await checkpoint()
  }
  if (isDirty) await checkpoint()
}

async function deliver(job: Job, sinks: Sink[], offsets: number[], signal: AbortSignal): Promise<void> {
  const rows = job.drain()
  await Promise.all(
    rows.map(async (part, i) => {
      if (part.length === 0) return
      await sinks[i]!.write(part, offsets[i]!, signal)
      offsets[i]! += part.length
    }),
  )
}
