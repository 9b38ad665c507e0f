/**
 * What the service tells others: events to EventBridge
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html), lines to CloudWatch Logs and values to
 * CloudWatch, the last two under the role of the job or model, as its containers do.
 */
import type { Cloud } from '../../cloud.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { Endpoint, Store, TrainingJob } from './store.ts'

/** EventBridge writes the states of endpoints in upper case with underscores. */
const upperSnake = (status: string) => status.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

export class Telemetry {
  readonly #store: Store
  readonly #cloud: Cloud
  /** Everything leaves in the order in which it happened. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #streams = new Set<string>()

  constructor(store: Store) {
    this.#store = store
    this.#cloud = store.cloud
  }

  trainingJob(job: TrainingJob): void {
    const { request } = job
    this.#event('SageMaker Training Job State Change', this.#store.arn('training-job', job.name), {
      TrainingJobName: job.name,
      TrainingJobArn: this.#store.arn('training-job', job.name),
      TrainingJobStatus: job.status,
      SecondaryStatus: job.secondaryStatus,
      ...(job.failureReason && { FailureReason: job.failureReason }),
      HyperParameters: request.HyperParameters ?? {},
      AlgorithmSpecification: request.AlgorithmSpecification,
      RoleArn: request.RoleArn,
      OutputDataConfig: request.OutputDataConfig,
      ResourceConfig: request.ResourceConfig,
      StoppingCondition: request.StoppingCondition,
      CreationTime: Date.parse(job.created),
      LastModifiedTime: Date.parse(job.modified),
      ...(job.ended && { TrainingEndTime: Date.parse(job.ended) }),
      SecondaryStatusTransitions: job.transitions.map((transition) => ({
        ...transition,
        StartTime: Date.parse(transition.StartTime),
        ...(transition.EndTime && { EndTime: Date.parse(transition.EndTime) }),
      })),
      Tags: this.#store.tags.get(this.#store.arn('training-job', job.name)) ?? {},
    })
  }

  endpoint(endpoint: Endpoint): void {
    this.#event('SageMaker Endpoint State Change', this.#store.arn('endpoint', endpoint.name), {
      EndpointName: endpoint.name,
      EndpointArn: this.#store.arn('endpoint', endpoint.name),
      EndpointConfigName: endpoint.configName,
      EndpointStatus: upperSnake(endpoint.status),
      ...(endpoint.failureReason && { FailureReason: endpoint.failureReason }),
      CreationTime: Date.parse(endpoint.created),
      LastModifiedTime: Date.parse(endpoint.modified),
      Tags: this.#store.tags.get(this.#store.arn('endpoint', endpoint.name)) ?? {},
    })
  }

  log(principal: Principal, group: string, stream: string, lines: readonly string[]): void {
    const at = Date.now()
    const events = lines.map((message) => ({ timestamp: at, message }))
    this.#after(async () => {
      await this.#openStream(principal, group, stream)
      await this.#cloud.call(principal, 'logs', 'PutLogEvents', {
        logGroupName: group,
        logStreamName: stream,
        logEvents: events,
      })
    }, `Log lines of ${stream} were lost`)
  }

  metrics(
    principal: Principal,
    namespace: string,
    data: { name: string; value: number; unit?: string; dimensions: Record<string, string> }[],
  ): void {
    if (data.length === 0) return
    const now = new Date()
    const MetricData = data.map(({ name, value, unit, dimensions }) => ({
      MetricName: name,
      Value: value,
      Timestamp: now,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      ...(unit && { Unit: unit }),
    }))
    this.#after(
      () => this.#cloud.call(principal, 'monitoring', 'PutMetricData', { Namespace: namespace, MetricData }),
      `Metrics of ${namespace} were lost`,
    )
  }

  /** Until everything so far has been told. */
  async settled(): Promise<void> {
    await this.#last
  }

  #event(detailType: string, arn: string, detail: Record<string, unknown>): void {
    const service = this.#cloud.servicePrincipal('sagemaker.amazonaws.com')
    const entry = {
      Source: 'aws.sagemaker',
      DetailType: detailType,
      Detail: JSON.stringify(detail),
      Resources: [arn],
      Time: new Date(),
    }
    this.#after(
      () => this.#cloud.call(service, 'events', 'PutEvents', { Entries: [entry] }),
      `An event of SageMaker was lost (${detailType})`,
    )
  }

  async #openStream(principal: Principal, logGroupName: string, logStreamName: string): Promise<void> {
    const key = `${logGroupName}\n${logStreamName}`
    if (this.#streams.has(key)) return
    this.#streams.add(key)
    for (const [operation, input] of [
      ['CreateLogGroup', { logGroupName }],
      ['CreateLogStream', { logGroupName, logStreamName }],
    ] as const) {
      try {
        await this.#cloud.call(principal, 'logs', operation, input)
      } catch (error) {
        if ((error as Error).name !== 'ResourceAlreadyExistsException') throw error
      }
    }
  }

  #after(act: () => Promise<unknown>, failure: string): void {
    this.#last = this.#last.then(act).catch((error) => {
      this.#cloud.log('warn', `${failure}: ${(error as Error).message}`)
    })
  }
}
