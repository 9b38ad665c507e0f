/** Applications as they are kept. */
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export type PropertyGroups = Record<string, Record<string, string>>

export interface OperationRecord {
  id: string
  operation: string
  startedAt: number
  endedAt?: number
  status: 'IN_PROGRESS' | 'SUCCESSFUL' | 'FAILED'
  error?: string
}

export interface ApplicationRecord {
  name: string
  arn: string
  description?: string
  runtime: string
  roleArn: string
  code: { bucket: string; key: string; version?: string }
  properties: PropertyGroups
  /** FlinkApplicationConfiguration, as it was given. */
  flink: any
  snapshots: boolean
  logStreamArns: string[]
  tags: Record<string, string>
  createdAt: number
  updatedAt: number
  version: number
  status: 'READY' | 'STARTING' | 'RUNNING' | 'STOPPING' | 'DELETING' | 'UPDATING'
  /** Of the last start. */
  allowNonRestoredState?: boolean
  operations: OperationRecord[]
}

export class Store {
  readonly #cloud: Cloud
  readonly #rows: Collection<ApplicationRecord>
  readonly #versions: Collection<ApplicationRecord>

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.#rows = cloud.collection<ApplicationRecord>('kinesisanalytics.applications')
    this.#versions = cloud.collection<ApplicationRecord>('kinesisanalytics.versions')
  }

  arnOf(name: string): string {
    return this.#cloud.arn('kinesisanalytics', `application/${name}`)
  }

  list(): ApplicationRecord[] {
    return this.#rows.entries().map(([, application]) => application)
  }

  find(name: string): ApplicationRecord | undefined {
    return this.#rows.get(name)
  }

  /** @throws AwsError ResourceNotFoundException */
  get(name: string): ApplicationRecord {
    const application = this.#rows.get(name)
    if (application) return application
    throw new AwsError('ResourceNotFoundException', `Could not find application: ${this.arnOf(name)}`)
  }

  put(application: ApplicationRecord): void {
    this.#rows.put(application.name, application)
  }

  /** Changes some of what is kept, and nothing when the application is gone. */
  change(name: string, change: Partial<ApplicationRecord>): void {
    const application = this.#rows.get(name)
    if (application) this.#rows.put(name, { ...application, ...change })
  }

  /** Keeps the application as its version, for those who ask for it later. */
  putVersion(application: ApplicationRecord): void {
    this.put(application)
    this.#versions.put(`${application.name}/${String(application.version).padStart(9, '0')}`, application)
  }

  versions(name: string): ApplicationRecord[] {
    return this.#versions.entries(`${name}/`).map(([, application]) => application)
  }

  remove(name: string): void {
    this.#rows.delete(name)
    for (const [key] of this.#versions.entries(`${name}/`)) this.#versions.delete(key)
  }
}
