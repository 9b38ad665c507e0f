/** Calls a schedule's target as the schedule's role. */
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import type { Deliveries } from '../../delivery.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Schedule } from './store.ts'

const service = 'scheduler.amazonaws.com'

/** Services whose name in `arn:aws:scheduler:::aws-sdk:<service>:<action>` is not their signing name. */
const signingNames: Record<string, string> = {
  sfn: 'states',
  emr: 'elasticmapreduce',
  eventbridge: 'events',
  cloudwatch: 'monitoring',
  cloudwatchlogs: 'logs',
  redshiftdata: 'redshift-data',
  sagemakerruntime: 'sagemaker',
  kinesisanalyticsv2: 'kinesisanalytics',
}

export function createInvocation(cloud: Cloud, deliveries: Deliveries) {
  return function invoke(schedule: Schedule, due: Date): void {
    const id = randomUUID()
    const attempt = async (number: number) => call(schedule, filled(schedule, { due, id, number }))
    deliveries.run(attempt, schedule.target.RetryPolicy, (error) => {
      const failure = {
        time: new Date().toISOString(),
        schedule: schedule.arn,
        target: schedule.target.Arn,
        executionId: id,
      }
      const reason = { error: error.name, message: error.message }
      appendFileSync(join(cloud.folder('scheduler'), 'failed.jsonl'), `${JSON.stringify({ ...failure, ...reason })}\n`)
      cloud.log('error', `Schedule ${schedule.name} could not call ${schedule.target.Arn}: ${error.message}`, {
        executionId: id,
        deadLetterQueue: schedule.target.DeadLetterConfig?.Arn,
      })
    })
  }

  async function call({ name, target }: Schedule, input: string | undefined): Promise<unknown> {
    const { Arn, RoleArn, EventBridgeParameters } = target
    const { principal } = cloud.assumeRole(RoleArn, service, name)
    const [, , kind, , , ...rest] = Arn.split(':')
    if (kind === 'lambda')
      return cloud.call(principal, 'lambda', 'Invoke', {
        FunctionName: Arn,
        InvocationType: 'Event',
        ...(input !== undefined && { Payload: Buffer.from(input) }),
      })
    if (kind === 'states')
      return cloud.call(principal, 'states', 'StartExecution', { stateMachineArn: Arn, input: input ?? '{}' })
    if (kind === 'sns') return cloud.call(principal, 'sns', 'Publish', { TopicArn: Arn, Message: input ?? '' })
    if (kind === 'events' && EventBridgeParameters) {
      const Entries = [{ ...EventBridgeParameters, Detail: input ?? '{}', EventBusName: Arn }]
      return cloud.call(principal, 'events', 'PutEvents', { Entries })
    }
    const [sdk, sdkService = '', action = ''] = rest
    if (kind === 'scheduler' && sdk === 'aws-sdk') {
      const operation = action.charAt(0).toUpperCase() + action.slice(1)
      return cloud.call(principal, signingNames[sdkService] ?? sdkService, operation, JSON.parse(input ?? '{}'))
    }
    throw new AwsError('UnknownOperationException', `The local cloud has no schedules for ${Arn}.`, {}, 501)
  }
}

/** The input with its context attributes (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html). */
function filled({ arn, target }: Schedule, { due, id, number }: { due: Date; id: string; number: number }) {
  return target.Input?.replaceAll('<aws.scheduler.schedule-arn>', arn)
    .replaceAll('<aws.scheduler.scheduled-time>', due.toISOString().replace(/\.\d+Z$/, 'Z'))
    .replaceAll('<aws.scheduler.execution-id>', id)
    .replaceAll('<aws.scheduler.attempt-number>', String(number))
}
