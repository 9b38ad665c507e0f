/**
 * A service's own metrics, put together for a second and then reported to CloudWatch as the service, so that counting costs nothing on the
 * way of a record.
 */
import type { Cloud } from './cloud.ts'
import type { Principal } from './gateway/principal.ts'

type Unit = 'Count' | 'Bytes' | 'Milliseconds' | 'Seconds' | 'Percent' | 'None'

interface Values {
  name: string
  dimension: string
  unit: Unit
  SampleCount: number
  Sum: number
  Minimum: number
  Maximum: number
}

const EVERY_MS = 1000
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const MAX_METRICS = 1000

export class MetricReporter {
  readonly #cloud: Cloud
  readonly #namespace: string
  readonly #dimensionName: string
  readonly #principal: Principal
  readonly #timer: NodeJS.Timeout
  #values = new Map<string, Values>()

  /** @param dimensionName the one dimension of all its metrics, such as `StreamName` */
  constructor(cloud: Cloud, servicePrincipal: string, namespace: string, dimensionName: string) {
    this.#cloud = cloud
    this.#namespace = namespace
    this.#dimensionName = dimensionName
    this.#principal = cloud.servicePrincipal(servicePrincipal)
    this.#timer = setInterval(() => void this.flush(), EVERY_MS).unref()
  }

  /** One value of a metric. @param dimension the stream's or application's name */
  add(dimension: string, name: string, value: number, unit: Unit = 'Count'): void {
    const key = `${dimension}/${name}`
    const known = this.#values.get(key)
    if (!known) {
      this.#values.set(key, { name, dimension, unit, SampleCount: 1, Sum: value, Minimum: value, Maximum: value })
      return
    }
    known.SampleCount++
    known.Sum += value
    known.Minimum = Math.min(known.Minimum, value)
    known.Maximum = Math.max(known.Maximum, value)
  }

  async flush(): Promise<void> {
    const all = [...this.#values.values()]
    this.#values = new Map()
    const Timestamp = new Date()
    for (let at = 0; at < all.length; at += MAX_METRICS) {
      const MetricData = all.slice(at, at + MAX_METRICS).map(({ name, dimension, unit, ...StatisticValues }) => ({
        MetricName: name,
        Dimensions: [{ Name: this.#dimensionName, Value: dimension }],
        Timestamp,
        Unit: unit,
        StatisticValues,
      }))
      await this.#cloud
        .call(this.#principal, 'monitoring', 'PutMetricData', { Namespace: this.#namespace, MetricData })
        // Metrics are a service to others: without CloudWatch, records flow all the same.
        .catch(() => {})
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
  }
}
