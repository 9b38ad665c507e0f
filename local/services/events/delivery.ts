/** Brings events to targets: as the target's role, or as the service where the target's own policy lets it in. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import { createDeliveries } from '../../delivery.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { inputOf } from './input.ts'
import type { Rule, Target } from './store.ts'

const service = 'events.amazonaws.com'
export interface Delivery {
  /** Hands the event to all targets of the rule, in the background. */
  send(rule: Rule, event: any): void
  close(): Promise<void>
}

export function createDelivery(cloud: Cloud): Delivery {
  const deliveries = createDeliveries()

  async function hand(rule: Rule, target: Target, event: any, input: string) {
    const [, , kind, , , resource = ''] = target.Arn.split(':')
    const asService = cloud.servicePrincipal(service, rule.arn)
    const asRole = () => {
      if (!target.RoleArn) throw new AwsError('ValidationException', `RoleArn is required for target ${target.Arn}.`)
      return cloud.assumeRole(target.RoleArn, service, event.id.replaceAll('-', '')).principal
    }
    if (kind === 'lambda')
      return cloud.call(asService, 'lambda', 'Invoke', {
        FunctionName: target.Arn,
        InvocationType: 'Event',
        Payload: Buffer.from(input),
      })
    if (kind === 'states')
      return cloud.call(asRole(), 'states', 'StartExecution', { stateMachineArn: target.Arn, input })
    if (kind === 'sns')
      return cloud.call(target.RoleArn ? asRole() : asService, 'sns', 'Publish', {
        TopicArn: target.Arn,
        Message: textOf(input),
      })
    if (kind === 'logs' && resource === 'log-group') {
      const logGroupName = target.Arn.split(':')[6]!
      const logStreamName = event.id
      await cloud.call(asService, 'logs', 'CreateLogStream', { logGroupName, logStreamName })
      const logEvents = [{ timestamp: Date.parse(event.time), message: input }]
      return cloud.call(asService, 'logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents })
    }
    throw new AwsError(
      'UnknownOperationException',
      `The local cloud does not deliver events to ${target.Arn}.`,
      {},
      501,
    )
  }

  /** AWS would send it to the dead-letter queue: here it is kept in a file, and the log says so. */
  function giveUp(rule: Rule, target: Target, event: any, error: Error) {
    const failure = {
      time: new Date().toISOString(),
      rule: rule.arn,
      target: target.Arn,
      error: error.name,
      message: error.message,
    }
    appendFileSync(join(cloud.folder('events'), 'failed.jsonl'), `${JSON.stringify({ ...failure, event })}\n`)
    cloud.log('error', `EventBridge rule ${rule.name} could not deliver to ${target.Arn}: ${error.message}`, {
      eventId: event.id,
      deadLetterQueue: target.DeadLetterConfig?.Arn,
    })
  }

  return {
    send(rule, event) {
      for (const target of rule.targets) {
        const attempt = async () => hand(rule, target, event, inputOf(target, event, rule))
        deliveries.run(attempt, target.RetryPolicy, (error) => giveUp(rule, target, event, error))
      }
    },
    close: deliveries.close,
  }
}

/** A JSON string goes to a topic as its text. */
function textOf(input: string): string {
  try {
    const value = JSON.parse(input)
    return typeof value === 'string' ? value : input
  } catch {
    return input
  }
}
