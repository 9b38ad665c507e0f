/** Runs applications: as their service execution roles, from their last checkpoints, again and again until they are stopped. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import { compileScript, type Progress, runProgram } from '../../engines/flink-sql/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import { fileCheckpoints, forgetCheckpoint } from './checkpoints.ts'
import { readScript } from './code.ts'
import { firehoseSink } from './firehose-sink.ts'
import { kinesisSource } from './kinesis-source.ts'
import { ApplicationLog } from './logs.ts'
import type { ApplicationRecord } from './store.ts'

export interface RunnerOptions {
  /** Whether delivery streams leave out what is sent again after a restart. The order of records must be the same then: one shard. */
  exactlyOnce?: boolean
}

interface Running {
  abort: AbortController
  done: Promise<void>
  restarts: number
  progress?: Progress
}

/** MSF's default (CheckpointConfiguration, ConfigurationType DEFAULT). */
const DEFAULT_CHECKPOINT_MS = 60_000
const FIRST_RESTART_MS = 1000
const LONGEST_RESTART_MS = 30_000
const SERVICE = 'kinesisanalytics.amazonaws.com'

export class Runner {
  readonly #cloud: Cloud
  readonly #options: RunnerOptions
  readonly #running = new Map<string, Running>()
  readonly #metrics: MetricReporter

  constructor(cloud: Cloud, options: RunnerOptions) {
    this.#cloud = cloud
    this.#options = options
    this.#metrics = new MetricReporter(cloud, 'kinesisanalytics.amazonaws.com', 'AWS/KinesisAnalytics', 'Application')
  }

  /**
   * Starts an application. `started` resolves when its script is sound and its job runs; it rejects where Flink's own start would fail.
   */
  start(application: ApplicationRecord): Promise<void> {
    const abort = new AbortController()
    const started = Promise.withResolvers<void>()
    const log = new ApplicationLog(this.#cloud, application, () => this.#principal(application))
    const running: Running = { abort, done: Promise.resolve(), restarts: 0 }
    this.#running.set(application.name, running)
    running.done = this.#run(application, running, log, started).finally(() => {
      if (this.#running.get(application.name) === running) this.#running.delete(application.name)
    })
    return started.promise
  }

  progress(name: string): Progress | undefined {
    return this.#running.get(name)?.progress
  }

  /** Ends the job; its last checkpoint holds all that it has read. */
  async stop(name: string): Promise<void> {
    const running = this.#running.get(name)
    running?.abort.abort()
    await running?.done
  }

  forget(application: ApplicationRecord): Promise<void> {
    return forgetCheckpoint(this.#checkpointFile(application))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)))
    await this.#metrics.close()
  }

  async #run(
    application: ApplicationRecord,
    running: Running,
    log: ApplicationLog,
    started: PromiseWithResolvers<void>,
  ): Promise<void> {
    const { signal } = running.abort
    for (let failures = 0; !signal.aborted; failures++) {
      const before = running.progress?.recordsIn ?? 0
      try {
        await this.#runOnce(application, running, started)
        break
      } catch (error) {
        if (signal.aborted) break
        const { name, message } = error as Error
        log.write('ERROR', `${name}: ${message}`)
        const failedAt = Date.now()
        this.#metrics.add(application.name, 'numRestarts', ++running.restarts)
        this.#cloud.log('error', `The application ${application.name} failed: ${name}: ${message}`)
        if (!running.progress) {
          started.reject(error)
          return
        }
        // A job that has moved on since the last failure is not failing all the time.
        if (running.progress.recordsIn > before) failures = 0
        await sleep(Math.min(FIRST_RESTART_MS * 2 ** failures, LONGEST_RESTART_MS), undefined, { signal }).catch(
          () => {},
        )
        this.#metrics.add(application.name, 'downtime', Date.now() - failedAt, 'Milliseconds')
      }
    }
    started.resolve()
  }

  async #runOnce(application: ApplicationRecord, running: Running, started: PromiseWithResolvers<void>): Promise<void> {
    const principal = this.#principal(application)
    const script = await readScript(this.#cloud, application, principal)
    const program = compileScript(script)
    const source = kinesisSource(this.#cloud, principal, program.source.options)
    const sinks = program.sinks.map((sink, i) =>
      firehoseSink(
        this.#cloud,
        principal,
        sink.options,
        this.#options.exactlyOnce ? { producer: `${application.arn}/${application.createdAt}/${i}` } : {},
      ),
    )
    const { allowNonRestoredState = false, flink } = application
    const checkpoint = flink?.CheckpointConfiguration
    const checkpoints = fileCheckpoints(this.#checkpointFile(application), script, allowNonRestoredState)
    // A checkpoint that cannot be used fails the start, not the running job.
    await checkpoints.load()
    running.progress ??= { recordsIn: 0, rowsOut: [], watermark: undefined, lateRows: 0, checkpoints: 0 }
    started.resolve()
    let before: Progress | undefined
    await runProgram({
      program,
      source,
      sinks,
      checkpoints,
      intervalMs:
        (checkpoint?.ConfigurationType === 'CUSTOM' && checkpoint.CheckpointInterval) || DEFAULT_CHECKPOINT_MS,
      signal: running.abort.signal,
      onProgress: (progress) => {
        this.#report(application.name, before, progress)
        this.#metrics.add(application.name, 'downtime', 0, 'Milliseconds')
        this.#metrics.add(application.name, 'numRestarts', running.restarts)
        before = { ...progress, rowsOut: [...progress.rowsOut] }
        running.progress = progress
      },
    })
  }

  /** What has come since the last report. Rows written before this run count for the one that wrote them. */
  #report(name: string, before: Progress | undefined, { recordsIn, rowsOut, lateRows, watermark }: Progress): void {
    const out = (rows: number[]) => rows.reduce((sum, count) => sum + count, 0)
    this.#metrics.add(name, 'numRecordsIn', recordsIn - (before?.recordsIn ?? 0))
    if (before) this.#metrics.add(name, 'numRecordsOut', out(rowsOut) - out(before.rowsOut))
    if (before) this.#metrics.add(name, 'numLateRecordsDropped', lateRows - before.lateRows)
    if (watermark !== undefined) this.#metrics.add(name, 'currentInputWatermark', watermark, 'Milliseconds')
  }

  #principal({ roleArn, name }: ApplicationRecord): Principal {
    return this.#cloud.assumeRole(roleArn, SERVICE, name).principal
  }

  #checkpointFile({ name, createdAt }: ApplicationRecord): string {
    return join(this.#cloud.folder('kinesisanalytics'), `${name}.${createdAt}`, 'checkpoint.json')
  }
}
