/** Metrics by minute: sums, counts, extremes, and the values themselves for percentiles. */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'

export interface Dimension {
  Name: string
  Value: string
}

export interface Metric {
  Namespace: string
  MetricName: string
  Dimensions?: Dimension[]
}

/** What is known of one minute. */
export interface Minute {
  sum: number
  count: number
  min: number
  max: number
  unit?: string
  /** Values and how often each came; cut off beyond {@link mostValues}. */
  values: [value: number, count: number][]
}

/** Start of a period (epoch milliseconds) → value. */
export type Series = Map<number, number>

const minuteMillis = 60_000
const mostValues = 1000
/** One-minute data points are kept for 15 days (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html). */
const keptMillis = 15 * 24 * 3600 * 1000

export interface Metrics {
  add(metric: Metric, time: number, values: [value: number, count: number][], unit?: string): void
  /** A statistic set: only its sums and extremes are known. */
  addSet(
    metric: Metric,
    time: number,
    set: { SampleCount: number; Sum: number; Minimum: number; Maximum: number },
    unit?: string,
  ): void
  list(): Metric[]
  /** Minutes put together to periods of `period` seconds that begin at or after `start` and before `end`. */
  periods(metric: Metric, start: number, end: number, period: number): Map<number, Minute>
  expire(now: number): void
}

export function createMetrics(cloud: Cloud): Metrics {
  const known = cloud.collection<Metric>('monitoring.metrics')
  const minutes = cloud.collection<Minute>('monitoring.minutes')
  const rowKey = (metric: Metric, time: number) =>
    `${keyOf(metric)}\n${String(Math.floor(time / minuteMillis) * minuteMillis).padStart(14, '0')}`
  const timeOf = (key: string) => Number(key.slice(key.lastIndexOf('\n') + 1))

  function merge(metric: Metric, time: number, added: Minute) {
    const key = rowKey(metric, time)
    const before = minutes.get(key)
    minutes.put(key, before ? joined(before, added) : added)
    if (!known.get(keyOf(metric))) known.put(keyOf(metric), normal(metric))
  }

  return {
    add(metric, time, values, unit) {
      if (values.length === 0) return
      const count = values.reduce((sum, [, times]) => sum + times, 0)
      const sum = values.reduce((total, [value, times]) => total + value * times, 0)
      const all = values.map(([value]) => value)
      merge(metric, time, {
        sum,
        count,
        min: Math.min(...all),
        max: Math.max(...all),
        unit,
        values: values.slice(0, mostValues),
      })
    },
    addSet(metric, time, set, unit) {
      const { SampleCount, Sum, Minimum, Maximum } = set
      merge(metric, time, { sum: Sum, count: SampleCount, min: Minimum, max: Maximum, unit, values: [] })
    },
    list: () => known.entries().map(([, metric]) => metric),
    periods(metric, start, end, period) {
      const periods = new Map<number, Minute>()
      const length = period * 1000
      const from = Math.floor(start / length) * length
      for (const [key, minute] of minutes.entries(`${keyOf(metric)}\n`)) {
        const time = Math.floor(timeOf(key) / length) * length
        if (time < from || time >= end) continue
        const before = periods.get(time)
        periods.set(time, before ? joined(before, minute) : minute)
      }
      return periods
    },
    expire(now) {
      for (const [key] of minutes.entries()) if (now - timeOf(key) > keptMillis) minutes.delete(key)
    },
  }
}

/** The periods' values of one statistic. @throws AwsError InvalidParameterValueException for one that is not served */
export function statistic(periods: Map<number, Minute>, name: string): Series {
  const read = statisticOf(name)
  return new Map([...periods].map(([time, minute]) => [time, read(minute)]))
}

function statisticOf(name: string): (minute: Minute) => number {
  const percentile = /^p(\d{1,2}(?:\.\d+)?|100)$/.exec(name)?.[1]
  if (percentile !== undefined) return (minute) => percentileOf(minute, Number(percentile))
  const simple: Record<string, (minute: Minute) => number> = {
    Sum: ({ sum }) => sum,
    SampleCount: ({ count }) => count,
    Average: ({ sum, count }) => sum / count,
    Minimum: ({ min }) => min,
    Maximum: ({ max }) => max,
  }
  const read = simple[name]
  if (!read)
    throw new AwsError('InvalidParameterValueException', `The value ${name} for parameter Statistic is not supported.`)
  return read
}

function percentileOf({ values, max }: Minute, percent: number): number {
  const sorted = [...values].sort(([a], [b]) => a - b)
  const wanted = (percent / 100) * sorted.reduce((sum, [, count]) => sum + count, 0)
  let seen = 0
  for (const [value, count] of sorted) {
    seen += count
    if (seen >= wanted) return value
  }
  return sorted.at(-1)?.[0] ?? max
}

function joined(a: Minute, b: Minute): Minute {
  const counts = new Map(a.values)
  for (const [value, count] of b.values) counts.set(value, (counts.get(value) ?? 0) + count)
  return {
    sum: a.sum + b.sum,
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    unit: a.unit ?? b.unit,
    values: [...counts].slice(0, mostValues),
  }
}

const normal = ({ Namespace, MetricName, Dimensions = [] }: Metric): Metric => ({
  Namespace,
  MetricName,
  Dimensions: [...Dimensions].sort((a, b) => (a.Name < b.Name ? -1 : 1)).map(({ Name, Value }) => ({ Name, Value })),
})

const keyOf = (metric: Metric) => JSON.stringify(normal(metric))
