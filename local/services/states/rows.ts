/** What the service keeps: state machines with their versions and aliases, executions, activities. */
import { createHash } from 'node:crypto'
import type { Cloud, Collection } from '../../cloud.ts'

export interface LoggingConfiguration {
  level?: string
  includeExecutionData?: boolean
  destinations?: { cloudWatchLogsLogGroup?: { logGroupArn?: string } }[]
}

/** What an update can change, and a version keeps. */
export interface Revision {
  definition: string
  roleArn: string
  loggingConfiguration: LoggingConfiguration
  tracingConfiguration: { enabled?: boolean }
  encryptionConfiguration: object
  /** Absent for the machine as it was created. */
  revisionId?: string
  updateDate: number
}

export interface VersionRow extends Revision {
  version: number
  description?: string
  creationDate: number
}

export interface AliasRow {
  name: string
  arn: string
  description?: string
  routingConfiguration: { stateMachineVersionArn: string; weight: number }[]
  creationDate: number
  updateDate: number
}

export interface MachineRow extends Revision {
  arn: string
  name: string
  type: 'STANDARD' | 'EXPRESS'
  creationDate: number
  tags: { key: string; value: string }[]
  versions: VersionRow[]
  lastVersion: number
  aliases: AliasRow[]
  /** Set while a machine with running executions is being deleted. */
  deleting?: boolean
}

export interface ExecutionRow {
  arn: string
  name: string
  machineArn: string
  machineName: string
  versionArn?: string
  aliasArn?: string
  mapRunArn?: string
  item?: { Index: number; Value: any }
  itemCount?: number
  roleArn: string
  /** The hash under which the definition is kept. */
  definition: string
  revisionId?: string
  updateDate: number
  logging?: LoggingConfiguration
  status: string
  startDate: number
  /** Milliseconds with fractions: which of two executions came first. */
  order?: number
  stopDate?: number
  redriveCount?: number
  redriveDate?: number
  inputHash: string
}

export interface ActivityRow {
  arn: string
  name: string
  creationDate: number
  tags: { key: string; value: string }[]
}

export interface Rows {
  /** By name. */
  machines: Collection<MachineRow>
  /** By `<machine>/<execution>`. */
  executions: Collection<ExecutionRow>
  /** Keys of executions that run. */
  running: Collection<true>
  /** Definitions of executions by hash. */
  definitions: Collection<string>
  activities: Collection<ActivityRow>
  mapRuns: Collection<any>
}

export function openRows(cloud: Cloud): Rows {
  return {
    machines: cloud.collection('states.machines'),
    executions: cloud.collection('states.executions'),
    running: cloud.collection('states.running'),
    definitions: cloud.collection('states.definitions'),
    activities: cloud.collection('states.activities'),
    mapRuns: cloud.collection('states.mapRuns'),
  }
}

export function executionKey(machineName: string, name: string): string {
  return `${machineName}/${name}`
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
