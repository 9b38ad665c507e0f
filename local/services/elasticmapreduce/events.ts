/**
 * What EMR tells EventBridge, in its own words
 * (https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-manage-cloudwatch-events.html,
 * https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-emr.html).
 */
import type { Cloud } from '../../cloud.ts'
import type { ClusterRecord, StepRecord } from './store.ts'

/** `2026-11-22 12:55 UTC` */
const at = (date = new Date()): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`

export class Events {
  readonly #cloud: Cloud
  /** Events leave in the order in which things happened. */
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(cloud: Cloud) {
    this.#cloud = cloud
  }

  cluster(cluster: ClusterRecord): void {
    const who = `Amazon EMR cluster ${cluster.id} (${cluster.name})`
    const { Code = '', Message } = cluster.reason
    const ends = cluster.state === 'TERMINATED' || cluster.state === 'TERMINATED_WITH_ERRORS'
    const message = {
      STARTING: `${who} was requested at ${at()} and is being created.`,
      BOOTSTRAPPING: `${who} is configuring its instances at ${at()}.`,
      RUNNING: `${who} began running steps at ${at()}.`,
      WAITING: cluster.steps.length
        ? `${who} finished running all pending steps at ${at()}.`
        : `${who} was created at ${at()} and is ready for use.`,
      TERMINATING: `${who} is shutting down at ${at()}.`,
      TERMINATED: `${who} has terminated at ${at()} with a reason of ${Code}.`,
      TERMINATED_WITH_ERRORS: `${who} has terminated with errors at ${at()} with a reason of ${Code}.`,
    }[cluster.state]
    this.#put('EMR Cluster State Change', {
      severity: cluster.state === 'TERMINATED_WITH_ERRORS' ? 'CRITICAL' : 'INFO',
      stateChangeReason: JSON.stringify({ code: ends ? Code : '', ...(ends && Message && { message: Message }) }),
      name: cluster.name,
      clusterId: cluster.id,
      state: cluster.state,
      message,
    })
  }

  step(cluster: ClusterRecord, step: StepRecord): void {
    const what = `Step ${step.id} (${step.name})`
    const where = `Amazon EMR cluster ${cluster.id} (${cluster.name})`
    const minutes = step.started ? Math.round((Date.now() - Date.parse(step.started)) / 60_000) : 0
    const [severity, message] = {
      PENDING: ['INFO', `${what} was added to ${where} at ${at()} and is pending execution.`],
      CANCEL_PENDING: ['WARN', `${what} in ${where} is pending cancellation at ${at()}.`],
      RUNNING: ['INFO', `${what} in ${where} started running at ${at()}.`],
      COMPLETED: [
        'INFO',
        `${what} in ${where} completed execution at ${at()}. The step started running at ${at(new Date(step.started ?? Date.now()))} and took ${minutes} minutes to complete.`,
      ],
      CANCELLED: [
        'WARN',
        `Cancellation request has succeeded for cluster step ${step.id} (${step.name}) in ${where} at ${at()}, and the step is now cancelled.`,
      ],
      FAILED: ['ERROR', `${what} in ${where} failed at ${at()}.`],
      INTERRUPTED: ['ERROR', `${what} in ${where} was interrupted at ${at()}.`],
    }[step.state] as [string, string]
    this.#put('EMR Step Status Change', {
      severity,
      actionOnFailure: step.actionOnFailure,
      stepId: step.id,
      name: step.name,
      clusterId: cluster.id,
      state: step.state,
      message,
    })
  }

  /** Waits until all events so far have been put. @returns whether there were any */
  async drain(): Promise<boolean> {
    const busy = this.#waiting > 0
    await this.#last
    return busy
  }

  /** Until all events so far have been put. */
  async settled(): Promise<void> {
    await this.#last
  }

  #put(detailType: string, detail: Record<string, unknown>): void {
    const cloud = this.#cloud
    const entry = { Source: 'aws.emr', DetailType: detailType, Detail: JSON.stringify(detail), Time: new Date() }
    this.#waiting++
    this.#last = this.#last.then(async () => {
      try {
        const service = cloud.servicePrincipal('elasticmapreduce.amazonaws.com')
        await cloud.call(service, 'events', 'PutEvents', { Entries: [entry] })
      } catch (error) {
        // Best effort, as in AWS: whoever waits asks DescribeStep as well.
        cloud.log('error', `An event of EMR was lost: ${(error as Error).message}`, { detailType, state: detail.state })
      } finally {
        this.#waiting--
      }
    })
  }
}
