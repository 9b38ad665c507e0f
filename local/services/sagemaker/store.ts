/** What the service keeps: training jobs, models, endpoint configurations, endpoints, tags. Times are ISO 8601. */
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export type TrainingStatus = 'InProgress' | 'Completed' | 'Failed' | 'Stopping' | 'Stopped'

export interface Transition {
  Status: string
  StartTime: string
  EndTime?: string
  StatusMessage: string
}

export interface TrainingJob {
  name: string
  /** What CreateTrainingJob was given, but for tags. */
  request: Record<string, any>
  status: TrainingStatus
  secondaryStatus: string
  transitions: Transition[]
  failureReason?: string
  created: string
  started?: string
  ended?: string
  modified: string
  artifacts?: string
  metrics: Record<string, { value: number; at: string }>
}

export interface Model {
  name: string
  request: Record<string, any>
  created: string
}

export interface EndpointConfig {
  name: string
  request: Record<string, any>
  created: string
}

export type EndpointStatus =
  | 'Creating'
  | 'Updating'
  | 'SystemUpdating'
  | 'RollingBack'
  | 'InService'
  | 'Deleting'
  | 'Failed'
  | 'UpdateRollbackFailed'

export interface Variant {
  name: string
  modelName: string
  /** s3:// of model.tar.gz. */
  modelData: string
  image: string
  roleArn: string
  environment: Record<string, string>
  weight: number
  instanceType: string
  instances: number
}

export interface Endpoint {
  name: string
  configName: string
  status: EndpointStatus
  /** What serves now. */
  variants: Variant[]
  /** Which deployment: containers of another one are other processes. */
  generation: number
  /** The configuration that an update is on its way to. */
  pending?: string
  lastDeployment?: Record<string, any>
  failureReason?: string
  created: string
  modified: string
}

export interface Store {
  readonly cloud: Cloud
  readonly jobs: Collection<TrainingJob>
  readonly models: Collection<Model>
  readonly configs: Collection<EndpointConfig>
  readonly endpoints: Collection<Endpoint>
  readonly tags: Collection<Record<string, string>>
  arn(kind: Kind, name: string): string
}

export type Kind = 'training-job' | 'model' | 'endpoint-config' | 'endpoint'

export function createStore(cloud: Cloud): Store {
  return {
    cloud,
    jobs: cloud.collection('sagemaker.training-jobs'),
    models: cloud.collection('sagemaker.models'),
    configs: cloud.collection('sagemaker.endpoint-configs'),
    endpoints: cloud.collection('sagemaker.endpoints'),
    tags: cloud.collection('sagemaker.tags'),
    arn: (kind, name) => cloud.arn('sagemaker', `${kind}/${name.toLowerCase()}`),
  }
}

export const validation = (message: string) => new AwsError('ValidationException', message, {}, 400)

const NAME = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$/

/** @throws AwsError ValidationException */
export function checkName(member: string, value: unknown): string {
  if (typeof value === 'string' && NAME.test(value)) return value
  throw validation(
    `1 validation error detected: Value '${String(value ?? '')}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${NAME.source}`,
  )
}

export const date = (iso: string | undefined): Date | undefined => (iso === undefined ? undefined : new Date(iso))

/** One page of a list, newest first, as all List operations of the service take it. */
export function listed<T extends { name: string; created: string }>(
  rows: T[],
  input: any,
  status?: (row: T) => string,
) {
  const from = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString())
  if (!Number.isInteger(from) || from < 0) throw validation(`Invalid NextToken: ${input.NextToken}`)
  const size = input.MaxResults ?? 10
  const direction = input.SortOrder === 'Ascending' ? 1 : -1
  const by = (row: T) => (input.SortBy === 'Name' ? row.name : row.created)
  const fitting = rows
    .filter((row) => !input.NameContains || row.name.toLowerCase().includes(String(input.NameContains).toLowerCase()))
    .filter((row) => !input.StatusEquals || status?.(row) === input.StatusEquals)
    .filter((row) => !input.CreationTimeAfter || Date.parse(row.created) > new Date(input.CreationTimeAfter).getTime())
    .filter(
      (row) => !input.CreationTimeBefore || Date.parse(row.created) < new Date(input.CreationTimeBefore).getTime(),
    )
    .sort((a, b) => (by(a) < by(b) ? -direction : by(a) > by(b) ? direction : 0))
  const next = from + size
  return {
    page: fitting.slice(from, next),
    NextToken: next < fitting.length ? Buffer.from(String(next)).toString('base64url') : undefined,
  }
}
