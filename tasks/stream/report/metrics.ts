/** What CloudWatch has counted of the stream since a time. */
import { CloudWatchClient, type MetricDataQuery, paginateGetMetricData } from '@aws-sdk/client-cloudwatch'
import type { StreamEnvironment } from '../resources.ts'
import { type MetricSeries, type Point, sum } from './model.ts'

const cloudwatch = new CloudWatchClient({})

const MINUTE = 60
/** Longer times are told by five minutes, so that a day is 288 points. */
const LONG_MS = 3 * 3600 * 1000

export interface Counted {
  series: MetricSeries
  /** Sums over all of the time. */
  taken: number
  dropped: number
  /** Rows that the delivery streams brought to S3. */
  delivered: { users: number; errors: number; counts: number }
}

/** @param since milliseconds since the epoch; CloudWatch takes it to the minute */
export async function countedSince(env: StreamEnvironment, since: number): Promise<Counted> {
  const Period = Date.now() - since > LONG_MS ? 5 * MINUTE : MINUTE
  const query = (Id: string, Namespace: string, Name: string, Value: string, MetricName: string, Stat = 'Sum') => ({
    Id,
    MetricStat: { Metric: { Namespace, MetricName, Dimensions: [{ Name, Value }] }, Period, Stat },
  })
  const kinesis = (id: string, metric: string, stat?: string) =>
    query(id, 'AWS/Kinesis', 'StreamName', env.STREAM_NAME, metric, stat)
  const firehose = (id: string, name: string, metric: string) =>
    query(id, 'AWS/Firehose', 'DeliveryStreamName', name, metric)
  const MetricDataQueries: MetricDataQuery[] = [
    kinesis('taken', 'IncomingRecords'),
    kinesis('lag', 'GetRecords.IteratorAgeMilliseconds', 'Maximum'),
    kinesis('throttled', 'WriteProvisionedThroughputExceeded'),
    firehose('users', env.USERS_DELIVERY_STREAM, 'DeliveryToS3.Records'),
    firehose('errors', env.ERRORS_DELIVERY_STREAM, 'DeliveryToS3.Records'),
    firehose('counts', env.COUNTS_DELIVERY_STREAM, 'DeliveryToS3.Records'),
    // Only the local cloud counts these; nothing that the SQL writes is dropped by transform-records.
    firehose('droppedUsers', env.USERS_DELIVERY_STREAM, 'DroppedProcessing.Records'),
    firehose('droppedErrors', env.ERRORS_DELIVERY_STREAM, 'DroppedProcessing.Records'),
  ]
  const points = new Map<string, Point[]>()
  const pages = paginateGetMetricData(
    { client: cloudwatch },
    {
      MetricDataQueries,
      StartTime: new Date(Math.floor(since / (Period * 1000)) * Period * 1000),
      EndTime: new Date(Date.now() + Period * 1000),
      ScanBy: 'TimestampAscending',
    },
  )
  for await (const { MetricDataResults = [] } of pages) {
    for (const { Id = '', Timestamps = [], Values = [] } of MetricDataResults) {
      const more = Timestamps.map((time, i): Point => [time.getTime(), Values[i] ?? 0])
      points.set(Id, [...(points.get(Id) ?? []), ...more])
    }
  }
  const of = (id: string) => points.get(id) ?? []
  return {
    series: { periodSeconds: Period, in: of('taken'), lagMs: of('lag'), throttled: of('throttled') },
    taken: sum(of('taken')),
    dropped: sum(of('droppedUsers')) + sum(of('droppedErrors')),
    delivered: { users: sum(of('users')), errors: sum(of('errors')), counts: sum(of('counts')) },
  }
}
