/**
 * Brings events to targets: as the target's role, or as the service where the target's own policy lets it in. An event is kept until its target
 * has it, so it comes after a restart too; then it may come twice, as on AWS.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import { createDeliveries } from '../../delivery.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { inputOf } from './input.ts'
import type { Rule, Store, Target } from './store.ts'

const service = 'events.amazonaws.com'
/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RetryPolicy.html */
const DAY_SECONDS = 86_400

const keyOf = (rule: Rule, target: Target, event: any) => `${event.id}/${rule.name}/${target.Id}`

export interface Delivery {
  /** Hands the event to all targets of the rule, in the background. */
  send(rule: Rule, event: any): void
  /** Hands over what the last process did not bring to its targets. */
  resume(store: Store): void
  drain(): Promise<boolean>
  close(): Promise<void>
}

/** A delivery that is under way, by event, rule and target. */
interface Pending {
  rule: string
  target: string
  event: any
  /** When the event was accepted, in milliseconds since 1970. */
  since: number
}

export function createDelivery(cloud: Cloud): Delivery {
  const pending = cloud.collection<Pending>('events.deliveries')
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

  function deliver(rule: Rule, target: Target, { event, since }: Pending) {
    const attempt = async () => hand(rule, target, event, inputOf(target, event, rule))
    const { MaximumEventAgeInSeconds: age = DAY_SECONDS, ...policy } = target.RetryPolicy ?? {}
    const left = age - (Date.now() - since) / 1000
    const key = keyOf(rule, target, event)
    void deliveries
      .run(attempt, { ...policy, MaximumEventAgeInSeconds: left }, (error) => giveUp(rule, target, event, error))
      .then((over) => {
        if (over) pending.delete(key)
      })
  }

  return {
    send(rule, event) {
      for (const target of rule.targets) {
        const delivery = { rule: rule.name, target: target.Id, event, since: Date.now() }
        pending.put(keyOf(rule, target, event), delivery)
        deliver(rule, target, delivery)
      }
    },
    resume(store) {
      for (const [key, delivery] of pending.entries()) {
        const rule = store.rules.get(delivery.rule)
        const target = rule?.targets.find(({ Id }) => Id === delivery.target)
        if (rule && target) deliver(rule, target, delivery)
        else pending.delete(key)
      }
    },
    drain: deliveries.drain,
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
