/** What CloudWatch knows of the stream: sums of its metrics, here as on AWS. */
import { type CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import type { StreamNames } from './names.ts'

export interface StreamMetrics {
  /** Records that Kinesis took. */
  sent: number
  /** Records that the application read. */
  read: number
  /** Records in S3 under the users', the errors' and the counts' prefix. */
  delivered: number
  errors: number
  counts: number
  /** By Firehose's transformation: records kept under the failures' prefix, and records left out. */
  failed: number
  dropped: number
  objects: number
  /** Milliseconds that the oldest record of the last reads had waited, in the last two minutes. */
  lagMs: number
  /** Entries of PutRecords that were refused for the time being. */
  throttled: number
}

interface Question {
  namespace: string
  dimension: string
  name: string
  metric: string
  stat?: 'Sum' | 'Maximum'
}

const PERIOD = 60
const LAG_MS = 120_000

/** The sums since a time, which CloudWatch takes to the minute. */
export async function streamMetrics(
  cloudwatch: CloudWatchClient,
  names: StreamNames,
  since: Date,
): Promise<StreamMetrics> {
  const kinesis = (metric: string): Question => ({
    namespace: 'AWS/Kinesis',
    dimension: 'StreamName',
    name: names.stream,
    metric,
  })
  const firehose = (name: string, metric: string): Question => ({
    namespace: 'AWS/Firehose',
    dimension: 'DeliveryStreamName',
    name,
    metric,
  })
  const both = (metric: string) => [firehose(names.users, metric), firehose(names.errors, metric)]
  const all = [...both('DeliveryToS3.ObjectCount'), firehose(names.counts, 'DeliveryToS3.ObjectCount')]
  const ask = (...questions: Question[]) => total(cloudwatch, questions, since)
  const [sent, read, delivered, errors, counts, failed, dropped, objects, throttled, lagMs] = await Promise.all([
    ask(kinesis('IncomingRecords')),
    ask({
      namespace: 'AWS/KinesisAnalytics',
      dimension: 'Application',
      name: names.application,
      metric: 'numRecordsIn',
    }),
    ask(firehose(names.users, 'DeliveryToS3.Records')),
    ask(firehose(names.errors, 'DeliveryToS3.Records')),
    ask(firehose(names.counts, 'DeliveryToS3.Records')),
    ask(...both('FailedProcessing.Records')),
    ask(...both('DroppedProcessing.Records')),
    ask(...all),
    ask(kinesis('WriteProvisionedThroughputExceeded')),
    latest(cloudwatch, { ...kinesis('GetRecords.IteratorAgeMilliseconds'), stat: 'Maximum' }),
  ])
  return { sent, read, delivered, errors, counts, failed, dropped, objects, throttled, lagMs }
}

/** Records that the transformation of these delivery streams left out. */
export function droppedSince(cloudwatch: CloudWatchClient, deliveryStreams: string[], since: Date): Promise<number> {
  const questions = deliveryStreams.map((name) => ({
    namespace: 'AWS/Firehose',
    dimension: 'DeliveryStreamName',
    name,
    metric: 'DroppedProcessing.Records',
  }))
  return total(cloudwatch, questions, since)
}

async function total(cloudwatch: CloudWatchClient, questions: Question[], since: Date): Promise<number> {
  const values = await ask(cloudwatch, questions, since)
  return values.reduce((sum, value) => sum + value, 0)
}

/** The newest value of the last minutes; nothing there is nothing late. */
async function latest(cloudwatch: CloudWatchClient, question: Question): Promise<number> {
  const values = await ask(cloudwatch, [question], new Date(Date.now() - LAG_MS))
  return values.at(-1) ?? 0
}

async function ask(cloudwatch: CloudWatchClient, questions: Question[], since: Date): Promise<number[]> {
  const MetricDataQueries = questions.map(
    ({ namespace, dimension, name, metric, stat = 'Sum' }, i): MetricDataQuery => ({
      Id: `q${i}`,
      MetricStat: {
        Metric: { Namespace: namespace, MetricName: metric, Dimensions: [{ Name: dimension, Value: name }] },
        Period: PERIOD,
        Stat: stat,
      },
    }),
  )
  const StartTime = new Date(Math.floor(since.getTime() / 60_000) * 60_000)
  const values: number[] = []
  let NextToken: string | undefined
  do {
    const answer = await cloudwatch.send(
      new GetMetricDataCommand({
        MetricDataQueries,
        StartTime,
        EndTime: new Date(Date.now() + 60_000),
        ScanBy: 'TimestampAscending',
        ...(NextToken && { NextToken }),
      }),
    )
    for (const { Values = [] } of answer.MetricDataResults ?? []) values.push(...Values)
    NextToken = answer.NextToken
  } while (NextToken)
  return values
}
