/** The log files of a step, as EMR leaves them: `<LogUri>/<cluster>/steps/<step>/{controller,stdout,stderr,syslog}.gz`. */
import { gzipSync } from 'node:zlib'
import type { Cloud } from '../../cloud.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { ClusterRecord, StepRecord } from './store.ts'

export type StepLog = 'controller' | 'stdout' | 'stderr' | 'syslog'

/** `s3://bucket/prefix/j-…/steps/s-…/`, or undefined for a cluster without LogUri. */
export function stepLogUri(cluster: ClusterRecord, stepId: string): string | undefined {
  const uri: string | undefined = cluster.request.LogUri
  return uri ? `${uri.replace(/^s3n:/, 's3:').replace(/\/*$/, '/')}${cluster.id}/steps/${stepId}/` : undefined
}

/** Gathers a step's lines while it runs, and writes them when it has ended. */
export class StepLogs {
  readonly #cloud: Cloud
  readonly #cluster: ClusterRecord
  readonly #step: StepRecord
  readonly #lines: Record<StepLog, string[]> = { controller: [], stdout: [], stderr: [], syslog: [] }

  constructor(cloud: Cloud, cluster: ClusterRecord, step: StepRecord) {
    this.#cloud = cloud
    this.#cluster = cluster
    this.#step = step
  }

  /** A line of output; it shows in the local cloud's own log at once. */
  output(stream: 'stdout' | 'stderr', text: string): void {
    this.#lines[stream].push(text)
    this.#cloud.log('info', text, { service: 'emr', clusterId: this.#cluster.id, stepId: this.#step.id, stream })
  }

  /** A line of the controller, which starts and ends the step. */
  controller(text: string, level: 'INFO' | 'WARN' | 'ERROR' = 'INFO'): void {
    this.#lines.controller.push(`${new Date().toISOString()} ${level} ${text}`)
    this.#lines.syslog.push(
      `${new Date().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')} ${level} [main] ${text}`,
    )
  }

  /** Writes the files as the cluster's nodes do, under their role. */
  async write(nodes: Principal): Promise<void> {
    const uri = stepLogUri(this.#cluster, this.#step.id)
    const [, bucket, prefix] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri ?? '') ?? []
    if (!bucket || prefix === undefined) return
    await Promise.all(
      Object.entries(this.#lines).map(async ([name, lines]) => {
        const Body = gzipSync(lines.map((line) => `${line}\n`).join(''))
        try {
          await this.#cloud.call(nodes, 's3', 'PutObject', {
            Bucket: bucket,
            Key: `${prefix}${name}.gz`,
            Body,
            ContentType: 'application/gzip',
          })
        } catch (error) {
          this.#cloud.log(
            'error',
            `The log ${name} of ${this.#step.id} could not be written to ${uri}: ${(error as Error).message}`,
          )
        }
      }),
    )
  }
}
