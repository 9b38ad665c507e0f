/** Log groups, their streams, and where a stream's events lie. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'
import { readBackward, readForward, sizeOf } from './event-file.ts'

export interface LogGroup {
  name: string
  arn: string
  /** Milliseconds, as all times of CloudWatch Logs. */
  created: number
  retentionInDays?: number
  class?: string
}

export interface LogStream {
  name: string
  arn: string
  created: number
}

export interface Store {
  readonly cloud: Cloud
  readonly groups: Collection<LogGroup>
  readonly policies: Collection<PolicyDocument>
  /** By name or ARN. @throws AwsError ResourceNotFoundException */
  group(nameOrArn: string): LogGroup
  /** @throws AwsError ResourceNotFoundException */
  stream(group: string, name: string): LogStream
  /** In the order of their names. */
  streamsOf(group: string, prefix?: string): LogStream[]
  createStream(group: string, name: string): void
  deleteStream(group: string, name: string): void
  deleteGroup(name: string): void
  fileOf(group: string, stream: string): string
  /** First and last event of a stream; undefined of one without events. */
  span(group: string, stream: string): { first: number; last: number; ingested: number; bytes: number } | undefined
  /** Deletes the streams that got no event within their group's retention. */
  expire(now: number): void
}

const dayMillis = 24 * 3600 * 1000

export function createStore(cloud: Cloud): Store {
  const groups = cloud.collection<LogGroup>('logs.groups')
  const streams = cloud.collection<LogStream>('logs.streams')
  const keyOf = (group: string, stream: string) => `${group}\n${stream}`
  const nameOf = (id: string) => (id.startsWith('arn:') ? id.split(':')[6]! : id)

  const store: Store = {
    cloud,
    groups,
    policies: cloud.collection('logs.resource-policies'),

    group(nameOrArn) {
      const group = groups.get(nameOf(nameOrArn))
      if (!group) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.')
      return group
    },

    stream(group, name) {
      const stream = streams.get(keyOf(store.group(group).name, name))
      if (!stream) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.')
      return stream
    },

    streamsOf: (group, prefix = '') => streams.entries(keyOf(group, prefix)).map(([, stream]) => stream),

    createStream(group, name) {
      if (!/^[^:*\n]{1,512}$/.test(name ?? ''))
        throw invalid(
          `Value '${name}' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*`,
        )
      const { arn } = store.group(group)
      if (streams.get(keyOf(group, name)))
        throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists')
      mkdirSync(folderOf(group), { recursive: true })
      streams.put(keyOf(group, name), { name, arn: `${arn}:log-stream:${name}`, created: Date.now() })
    },

    deleteStream(group, name) {
      rmSync(store.fileOf(group, name), { force: true })
      streams.delete(keyOf(group, name))
    },

    deleteGroup(name) {
      for (const stream of store.streamsOf(name)) streams.delete(keyOf(name, stream.name))
      rmSync(folderOf(name), { recursive: true, force: true })
      groups.delete(name)
    },

    fileOf: (group, stream) => join(folderOf(group), `${fileName(stream)}.jsonl`),

    span(group, stream) {
      const path = store.fileOf(group, stream)
      const bytes = sizeOf(path)
      const [first] = readForward(path)
      const [last] = readBackward(path, bytes)
      return first && last && { first: first.timestamp, last: last.timestamp, ingested: last.ingestionTime, bytes }
    },

    expire(now) {
      for (const [name, { retentionInDays }] of groups.entries())
        if (retentionInDays !== undefined)
          for (const stream of store.streamsOf(name)) {
            const written = statSync(store.fileOf(name, stream.name), { throwIfNoEntry: false })?.mtimeMs
            if (now - (written ?? stream.created) > retentionInDays * dayMillis) store.deleteStream(name, stream.name)
          }
    },
  }
  return store

  function folderOf(group: string) {
    return join(cloud.folder('logs'), fileName(group))
  }
}

export const invalid = (message: string) => new AwsError('InvalidParameterException', message)

/** Names hold `/`, `[` and `$`, and may be longer than file names: they are encoded, and cut with a hash of the whole. */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name).replace(/^\./, '%2E')
  if (encoded.length <= 200) return encoded
  return `${encoded.slice(0, 150)}~${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
}
