/**
 * Metrics in log lines: CloudWatch's embedded metric format.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'

/** Of the specification: names of metrics and dimensions, dimensions of a set, values of a metric in one line. */
const name = z.string().min(1).max(1024)
const metadata = z.looseObject({
  _aws: z.looseObject({
    Timestamp: z.number().int(),
    CloudWatchMetrics: z.array(
      z.looseObject({
        Namespace: name,
        Dimensions: z.array(z.array(name).max(30)).default([[]]),
        Metrics: z.array(z.looseObject({ Name: name, Unit: z.string().optional() })).max(100),
      }),
    ),
  }),
})
const values = z.union([z.number(), z.array(z.number()).min(1).max(100)])
const dimension = z.string().min(1).max(1024)

interface Datum {
  MetricName: string
  Timestamp: Date
  Unit: string
  Values: number[]
  Dimensions: { Name: string; Value: string }[]
}

/** PutMetricData takes that many at once (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html). */
const MAX_DATA = 1000

/** The metrics of log lines, by namespace. A line that is not in the format, or a part of it, is no metric and no error. */
export function embeddedMetrics(lines: readonly string[]): Map<string, Datum[]> {
  const found = new Map<string, Datum[]>()
  for (const line of lines) {
    const document = parse(line)
    if (!document) continue
    const { Timestamp, CloudWatchMetrics } = document._aws
    for (const { Namespace, Dimensions, Metrics } of CloudWatchMetrics) {
      // Those of AWS are for its services.
      if (Namespace.startsWith('AWS/')) continue
      const data = Dimensions.flatMap((set) => {
        const Dimensions = set.map((Name) => ({ Name, Value: dimension.safeParse(document[Name]).data ?? '' }))
        if (Dimensions.some(({ Value }) => Value === '')) return []
        return Metrics.flatMap(({ Name, Unit = 'None' }): Datum[] => {
          const value = values.safeParse(document[Name]).data
          if (value === undefined) return []
          return [{ MetricName: Name, Timestamp: new Date(Timestamp), Unit, Values: [value].flat(), Dimensions }]
        })
      })
      found.set(Namespace, [...(found.get(Namespace) ?? []), ...data])
    }
  }
  return found
}

function parse(line: string): z.output<typeof metadata> | undefined {
  // Most lines are none of these; only those that look like it are parsed.
  if (!line.startsWith('{') || !line.includes('"CloudWatchMetrics"')) return undefined
  try {
    return metadata.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

/** Gives the metrics of log lines to CloudWatch; a line stays a line of the log, whatever becomes of its metrics. */
export async function publishMetrics(cloud: Cloud, lines: readonly string[]): Promise<void> {
  for (const [Namespace, data] of embeddedMetrics(lines)) {
    for (let at = 0; at < data.length; at += MAX_DATA) {
      const input = { Namespace, MetricData: data.slice(at, at + MAX_DATA) }
      await cloud
        .call(cloud.servicePrincipal('logs.amazonaws.com'), 'monitoring', 'PutMetricData', input)
        .catch((error: Error) => cloud.log('warn', `Metrics of ${Namespace} in log lines were lost: ${error.message}`))
    }
  }
}
