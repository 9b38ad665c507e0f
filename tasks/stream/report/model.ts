/** What the report of a stream execution tells: where every record is, how it got there and when, and what the records are like. */
import type { StateDuration } from '../../report/durations.ts'
import type { Schema } from '../schema/infer.ts'
import type { ErrorTally, UserTally, WindowTally } from './tally.ts'

export const FOLDERS = ['users', 'errors', 'counts', 'failed'] as const

export type Folder = (typeof FOLDERS)[number]

/** What lies below a prefix of the lake, as far as it was delivered within the report's time. */
export interface PrefixReport {
  uri: string
  objects: number
  bytes: number
  /** Objects whose records were looked at: all of them, or the newest that the report may read. */
  read: number
  /** Objects by the second in which they were there. */
  bySecond: Point[]
  /** Records, counted in the objects where all were read, and otherwise what CloudWatch has counted. */
  records: number
}

/** A count at a time: milliseconds since the epoch. */
export type Point = [time: number, value: number]

/** Out of CloudWatch, each minute or each five. */
export interface MetricSeries {
  periodSeconds: number
  in: Point[]
  lagMs: Point[]
  throttled: Point[]
}

export interface Balance {
  /** Records that Kinesis took. */
  in: number
  transformed: number
  /** With the late ones left out. */
  errors: number
  /** Undefined where not every error was read: then they are among the errors. */
  late: number | undefined
  /** Firehose's transformation could not read them; they are under the failures' prefix. */
  failed: number
  /** Firehose's transformation left them out. */
  dropped: number
  /** In the stream, the application or a buffer of Firehose; below zero when CloudWatch is behind S3. */
  onTheWay: number
}

export interface StreamReport {
  execution: { name: string; arn: string; startedAt: string }
  generatedAt: string
  /** The report looks at what has come since: since the stream was made, and for a day at most. */
  since: string
  stream: { name: string; status: string | undefined; openShards: number | undefined }
  application: { name: string; status: string | undefined; version: number | undefined }
  probes: { good: number; bad: number; of: number }
  balance: Balance
  prefixes: Record<Folder, PrefixReport>
  metrics: MetricSeries
  users: UserTally
  errors: ErrorTally
  windows: WindowTally
  schema: Schema
  durations: StateDuration[]
}

/** Where the records are. @param arrived what S3 was seen to hold, before `taken` and `dropped` were asked */
export function balanceOf(
  taken: number,
  arrived: { users: number; errors: number; late: number | undefined; failed: number },
  dropped: number,
): Balance {
  const { users, errors, late, failed } = arrived
  return {
    in: taken,
    transformed: users,
    errors: errors - (late ?? 0),
    late,
    failed,
    dropped,
    onTheWay: taken - users - errors - failed - dropped,
  }
}

export const sum = (points: readonly Point[]) => points.reduce((total, [, value]) => total + value, 0)
