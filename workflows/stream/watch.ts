/** Alarms on a stream that falls behind or loses its way, and what the dashboard shows of it. They are quiet while the stream is not set up. */
import { Duration } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, GraphWidget, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import type { Construct } from 'constructs'
import type { Monitoring } from '../monitoring.ts'
import type { StreamNames } from './names.ts'

const period = Duration.minutes(5)
const behindSeconds = 5 * 60
/** Twice the largest buffer of a delivery stream: one of the transformation, one of the destination. */
const staleSeconds = 2 * 15 * 60

export function watchStream(scope: Construct, names: StreamNames, { topic, dashboard }: Monitoring): void {
  const kinesis = metrics('AWS/Kinesis', { StreamName: names.stream })
  const application = metrics('AWS/KinesisAnalytics', { Application: names.application })
  // tasks/stream/produce.ts logs them.
  const produced = metrics('Stepwell/Stream', { Stream: names.stream })
  const delivery = (name: string) => metrics('AWS/Firehose', { DeliveryStreamName: name })
  const alarm = (id: string, metric: Metric, threshold: number, alarmDescription: string) =>
    new Alarm(scope, id, {
      metric,
      threshold,
      alarmDescription,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(topic))

  const age = kinesis('GetRecords.IteratorAgeMilliseconds', 'max')
  const throttled = kinesis('WriteProvisionedThroughputExceeded', 'sum')
  // Flink 2.2 deprecates it; the service reports it still, and AWS recommends to watch it before any other:
  // https://docs.aws.amazon.com/managed-flink/latest/java/monitoring-metrics-alarms.html
  const down = application('downtime', 'max')
  alarm('Behind', age, behindSeconds * 1000, 'The application reads records that are more than five minutes old.')
  alarm('Throttled', throttled, 1, 'The stream refuses records: it has too few shards for its producers.')
  alarm('Down', down, 1, 'The Flink application fails and restarts; see its log.')
  for (const [id, name] of Object.entries({ Users: names.users, Errors: names.errors, Counts: names.counts })) {
    const freshness = delivery(name)('DeliveryToS3.DataFreshness', 'max')
    alarm(`${id}Stale`, freshness, staleSeconds, `The delivery stream ${name} has not delivered for half an hour.`)
  }

  dashboard.addWidgets(
    new GraphWidget({
      title: 'Stream: records',
      width: 8,
      left: [
        kinesis('IncomingRecords', 'sum'),
        ...names.deliveryStreams.map((name) => delivery(name)('DeliveryToS3.Records', 'sum', name)),
      ],
    }),
    new GraphWidget({
      title: 'Stream: what the scheduled producer sent',
      width: 8,
      left: [produced('Sent', 'sum'), produced('Broken', 'sum')],
      right: [produced('Retried', 'sum')],
    }),
    new GraphWidget({ title: 'Stream: lag (ms)', width: 8, left: [age], right: [down] }),
    new GraphWidget({
      title: 'Stream: freshness of delivery (s)',
      width: 8,
      left: names.deliveryStreams.map((name) => delivery(name)('DeliveryToS3.DataFreshness', 'max', name)),
    }),
  )
}

function metrics(namespace: string, dimensionsMap: Record<string, string>) {
  return (metricName: string, statistic: string, label = metricName) =>
    new Metric({ namespace, metricName, dimensionsMap, statistic, period, label })
}
