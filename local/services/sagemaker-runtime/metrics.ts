/** What CloudWatch is told of invocations (https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html), once a second. */
import type { Cloud } from '../../cloud.ts'

const FLUSH_MS = 1000

interface Invocation {
  endpoint: string
  variant: string
  milliseconds: number
  status: number
}

export class InvocationMetrics {
  readonly #cloud: Cloud
  #open: Invocation[] = []
  #timer: NodeJS.Timeout | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(cloud: Cloud) {
    this.#cloud = cloud
  }

  add(endpoint: string, variant: string, milliseconds: number, status: number): void {
    this.#open.push({ endpoint, variant, milliseconds, status })
    this.#timer ??= setTimeout(() => void this.#flush(), FLUSH_MS)
  }

  close(): Promise<void> {
    return this.#flush()
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const open = this.#open.splice(0)
    if (open.length > 0) this.#last = this.#last.then(() => this.#put(open))
    return this.#last
  }

  async #put(open: Invocation[]): Promise<void> {
    const now = new Date()
    const data = open.flatMap(({ endpoint, variant, milliseconds, status }) => {
      const datum = (MetricName: string, Value: number, Unit: string) => ({
        MetricName,
        Value,
        Unit,
        Timestamp: now,
        Dimensions: [
          { Name: 'EndpointName', Value: endpoint },
          { Name: 'VariantName', Value: variant },
        ],
      })
      return [
        datum('Invocations', 1, 'None'),
        datum('Invocation4XXErrors', status >= 400 && status < 500 ? 1 : 0, 'None'),
        datum('Invocation5XXErrors', status >= 500 ? 1 : 0, 'None'),
        datum('ModelLatency', Math.round(milliseconds * 1000), 'Microseconds'),
      ]
    })
    try {
      const service = this.#cloud.servicePrincipal('sagemaker.amazonaws.com')
      for (let at = 0; at < data.length; at += 1000) {
        await this.#cloud.call(service, 'monitoring', 'PutMetricData', {
          Namespace: 'AWS/SageMaker',
          MetricData: data.slice(at, at + 1000),
        })
      }
    } catch (error) {
      this.#cloud.log('warn', `Metrics of endpoints were lost: ${(error as Error).message}`)
    }
  }
}
