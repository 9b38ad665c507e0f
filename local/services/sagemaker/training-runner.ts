/** The life of training jobs: Starting, Downloading, Training, Uploading, then Completed, Failed or Stopped. */
import { readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import type { Training, TrainingEvent } from '../../engines/image-classification/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { Store, TrainingJob, TrainingStatus } from './store.ts'
import type { Telemetry } from './telemetry.ts'

const GROUP = '/aws/sagemaker/TrainingJobs'
const NAMESPACE = '/aws/sagemaker/TrainingJobs'
/** More at once would only share the processors. */
const AT_ONCE = 1
const LOG_EVERY_MS = 200

const MESSAGES: Record<string, string> = {
  Starting: 'Preparing the instances for training',
  Downloading: 'Downloading input data',
  Training: 'Training image download completed. Training in progress.',
  Uploading: 'Uploading generated training model',
  Completed: 'Training job completed',
  Failed: 'Training job failed',
  Stopping: 'Stopping the training job',
  Stopped: 'Training job stopped',
}

interface Live {
  principal: Principal
  training: Training | undefined
  stopping: boolean
  timer?: NodeJS.Timeout
}

export class TrainingRunner {
  readonly #store: Store
  readonly #telemetry: Telemetry
  readonly #live = new Map<string, Live>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #closed = false

  constructor(store: Store, telemetry: Telemetry) {
    this.#store = store
    this.#telemetry = telemetry
  }

  start(job: TrainingJob): void {
    this.#telemetry.trainingJob(job)
    void this.#run(job.name).catch((error) => {
      if (!this.#closed) this.#end(job.name, 'Failed', reasonOf(error))
    })
  }

  stop(name: string): void {
    const live = this.#live.get(name)
    this.#enter(name, 'Stopping', 'Stopping')
    if (!live) return
    live.stopping = true
    live.training?.stop()
  }

  /** After a restart of the local cloud the processes of its jobs are gone. */
  bury(): void {
    for (const [name, job] of this.#store.jobs.entries()) {
      if (job.status === 'InProgress' || job.status === 'Stopping') {
        this.#end(name, 'Failed', 'InternalServerError: The local cloud was stopped while the job ran.')
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { training, timer } of this.#live.values()) {
      clearTimeout(timer)
      training?.kill()
      await training?.ended
    }
  }

  async #run(name: string): Promise<void> {
    const { cloud } = this.#store
    const { request } = this.#store.jobs.get(name)!
    const principal = cloud.assumeRole(request.RoleArn, 'sagemaker.amazonaws.com', 'SageMaker').principal
    const live: Live = { principal, training: undefined, stopping: false }
    this.#live.set(name, live)
    const scratch = cloud.folder(`sagemaker/jobs/${name}`)
    await this.#turn()
    try {
      if (live.stopping) return this.#end(name, 'Stopped')
      this.#enter(name, 'InProgress', 'Downloading')
      const channels = await this.#channels(request.InputDataConfig ?? [], principal)
      const { startTraining } = await import('../../engines/image-classification/index.ts')
      if (this.#closed) return
      if (live.stopping) return this.#end(name, 'Stopped')
      this.#enter(name, 'InProgress', 'Training', (job) => {
        job.started = new Date().toISOString()
      })
      const output = join(scratch, 'model')
      const stream = `${name}/algo-1-${Math.floor(Date.now() / 1000)}`
      const lines = new Lines((batch) => this.#telemetry.log(principal, GROUP, stream, batch))
      const uploads: Promise<unknown>[] = []
      live.training = startTraining(
        {
          hyperparameters: request.HyperParameters ?? {},
          channels,
          output,
          cache: cloud.folder('sagemaker/cache'),
          threads: availableParallelism(),
        },
        (event) => this.#told(name, event, principal, lines, uploads),
      )
      const limit: number = request.StoppingCondition.MaxRuntimeInSeconds
      live.timer = setTimeout(() => this.stop(name), Math.min(limit * 1000, 2 ** 31 - 1))
      const last = await live.training.ended
      clearTimeout(live.timer)
      if (last.is === 'failed') lines.add(`[ERROR] ${last.reason}`)
      lines.flush()
      if (this.#closed) return
      await Promise.all(uploads)
      if (last.is === 'failed') return this.#end(name, 'Failed', last.reason)
      if ((last.is === 'trained' || last.is === 'stopped') && last.file) {
        this.#enter(name, live.stopping ? 'Stopping' : 'InProgress', 'Uploading')
        const artifacts = `${trimmed(request.OutputDataConfig.S3OutputPath)}/${name}/output/model.tar.gz`
        await this.#upload(principal, artifacts, last.file)
        this.#change(name, (job) => {
          job.artifacts = artifacts
        })
      }
      this.#end(name, last.is === 'stopped' ? 'Stopped' : 'Completed')
    } finally {
      this.#live.delete(name)
      this.#running--
      this.#waiting.shift()?.()
      await rm(scratch, { recursive: true, force: true })
    }
  }

  async #turn(): Promise<void> {
    while (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
  }

  /** The folders of the channels, if the job's role may list and read them. */
  async #channels(config: any[], principal: Principal) {
    const channels: Record<string, { folder: string; contentType: string | undefined }> = {}
    for (const { ChannelName, DataSource, ContentType } of config) {
      const source = DataSource?.S3DataSource
      if (source?.S3DataType !== 'S3Prefix') {
        throw new Error(`ClientError: The channel ${ChannelName} must have the S3DataType S3Prefix here.`)
      }
      const uri: string = source.S3Uri
      try {
        const prefix = uri.endsWith('/') ? uri : `${uri}/`
        const folder = await this.#store.cloud.locate(principal, prefix, 'list')
        await this.#store.cloud.locate(principal, `${prefix}any`, 'read')
        channels[ChannelName] = { folder, contentType: ContentType }
      } catch (error) {
        throw new Error(
          `ClientError: Data download failed:Failed to download data. Please check the channel ${ChannelName} (${uri}) and the permissions of the role: ${(error as Error).message}`,
        )
      }
    }
    return channels
  }

  #told(name: string, event: TrainingEvent, principal: Principal, lines: Lines, uploads: Promise<unknown>[]): void {
    if (event.is === 'log') lines.add(event.line)
    else if (event.is === 'metric') {
      const { name: metric, value } = event.metric
      this.#change(name, (job) => {
        job.metrics[metric] = { value, at: new Date().toISOString() }
      })
      const dimensions = { TrainingJobName: name, Host: 'algo-1' }
      this.#telemetry.metrics(principal, NAMESPACE, [{ name: metric, value, dimensions }])
    } else if (event.is === 'checkpoint') {
      const to: string | undefined = this.#store.jobs.get(name)?.request.CheckpointConfig?.S3Uri
      if (to) uploads.push(this.#upload(principal, `${trimmed(to)}/${basename(event.file)}`, event.file))
    }
  }

  async #upload(principal: Principal, uri: string, file: string): Promise<void> {
    const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
    try {
      await this.#store.cloud.call(principal, 's3', 'PutObject', { Bucket, Key, Body: await readFile(file) })
    } catch (error) {
      throw new Error(
        `ClientError: Artifact upload failed:Please ensure that the role may write ${uri}: ${(error as Error).message}`,
      )
    }
  }

  #end(name: string, status: 'Completed' | 'Failed' | 'Stopped', failureReason?: string): void {
    this.#enter(name, status, status, (job) => {
      job.ended = new Date().toISOString()
      if (failureReason) job.failureReason = failureReason
    })
  }

  #enter(name: string, status: TrainingStatus, secondary: string, change?: (job: TrainingJob) => void): void {
    const now = new Date().toISOString()
    const job = this.#change(name, (job) => {
      const open = job.transitions.at(-1)
      if (open && !open.EndTime) open.EndTime = now
      job.status = status
      job.secondaryStatus = secondary
      job.transitions.push({ Status: secondary, StartTime: now, StatusMessage: MESSAGES[secondary] ?? secondary })
      change?.(job)
    })
    if (!job) return
    this.#store.cloud.log('info', `The training job ${name} is ${secondary}`, { service: 'sagemaker' })
    this.#telemetry.trainingJob(job)
  }

  #change(name: string, change: (job: TrainingJob) => void): TrainingJob | undefined {
    const job = this.#store.jobs.get(name)
    if (!job) return undefined
    change(job)
    job.modified = new Date().toISOString()
    this.#store.jobs.put(name, job)
    return job
  }
}

/** Gathers lines for a moment: each PutLogEvents has its price. */
class Lines {
  #open: string[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #write: (lines: string[]) => void

  constructor(write: (lines: string[]) => void) {
    this.#write = write
  }

  add(line: string): void {
    this.#open.push(line)
    this.#timer ??= setTimeout(() => this.flush(), LOG_EVERY_MS)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#open.length > 0) this.#write(this.#open.splice(0))
  }
}

const trimmed = (uri: string) => uri.replace(/\/+$/, '')
const reasonOf = (error: unknown) => {
  const { message } = error as Error
  return /^\w+Error: /.test(message) ? message : `InternalServerError: ${message}`
}
