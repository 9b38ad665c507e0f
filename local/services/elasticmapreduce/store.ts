/** What the service keeps of clusters and their steps: one row a cluster, which outlives it. Times are ISO 8601. */
import { randomInt } from 'node:crypto'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export type ClusterState =
  | 'STARTING'
  | 'BOOTSTRAPPING'
  | 'RUNNING'
  | 'WAITING'
  | 'TERMINATING'
  | 'TERMINATED'
  | 'TERMINATED_WITH_ERRORS'

export type StepState = 'PENDING' | 'CANCEL_PENDING' | 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'INTERRUPTED'

export interface StateChangeReason {
  Code?: string
  Message?: string
}

export interface StepRecord {
  id: string
  name: string
  actionOnFailure: string
  jar: string
  args: string[]
  mainClass?: string | undefined
  properties: Record<string, string>
  state: StepState
  reason: StateChangeReason
  failure?: { Reason?: string; Message?: string; LogFile?: string } | undefined
  executionRoleArn?: string | undefined
  created: string
  started?: string | undefined
  ended?: string | undefined
}

export interface ClusterRecord {
  id: string
  name: string
  state: ClusterState
  reason: StateChangeReason
  created: string
  ready?: string | undefined
  ended?: string | undefined
  /** What RunJobFlow was given, but for the steps. */
  request: Record<string, any>
  serviceRoleArn: string
  nodeRoleArn: string
  keepAlive: boolean
  terminationProtected: boolean
  stepConcurrencyLevel: number
  idleTimeout?: number | undefined
  tags: Record<string, string>
  /** In the order in which they were added. */
  steps: StepRecord[]
}

export interface Store {
  readonly cloud: Cloud
  readonly clusters: Collection<ClusterRecord>
  /** @throws AwsError InvalidRequestException, as EMR words it */
  cluster(id: string | undefined): ClusterRecord
  /** @throws AwsError InvalidRequestException */
  step(cluster: ClusterRecord, id: string | undefined): StepRecord
  save(cluster: ClusterRecord): void
  /** When a cluster begins: no two at the same time, so that lists have one order. */
  created(): string
  arn(clusterId: string): string
}

export function createStore(cloud: Cloud): Store {
  const clusters = cloud.collection<ClusterRecord>('emr.clusters')
  let last = 0
  return {
    cloud,
    clusters,
    cluster(id) {
      const found = id === undefined ? undefined : clusters.get(id)
      if (!found) throw invalid(`Cluster id '${id ?? ''}' is not valid.`)
      return found
    },
    step(cluster, id) {
      const found = cluster.steps.find((step) => step.id === id)
      if (!found) throw invalid(`Step id '${id ?? ''}' is not valid.`)
      return found
    },
    save: (cluster) => clusters.put(cluster.id, cluster),
    created() {
      last = Math.max(Date.now(), last + 1)
      return new Date(last).toISOString()
    },
    arn: (clusterId) => cloud.arn('elasticmapreduce', `cluster/${clusterId}`),
  }
}

export const invalid = (message: string): AwsError =>
  new AwsError('InvalidRequestException', message, { ErrorCode: 'INVALID_REQUEST' }, 400)

export const validation = (message: string): AwsError => new AwsError('ValidationException', message, {}, 400)

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** `j-2AXXXXXXGAPLF`, `s-1234567890ABC`, `if-…`, `ig-…`, `ci-…`. */
export const newId = (prefix: string, length = 13): string =>
  `${prefix}-${Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`

export const isOver = (cluster: ClusterRecord): boolean =>
  cluster.state === 'TERMINATED' || cluster.state === 'TERMINATED_WITH_ERRORS'

/** Over, or about to be: no more steps. */
export const isEnding = (cluster: ClusterRecord): boolean => cluster.state === 'TERMINATING' || isOver(cluster)
