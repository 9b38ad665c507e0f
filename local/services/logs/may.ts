/**
 * The permissions of CloudWatch Logs
 * (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html). Whatever an operation is about,
 * AWS evaluates the ARN of a stream, with an empty name where it is about the group: `log-group:<name>:*` in a policy covers it.
 */
import type { PolicyDocument, PolicyStatement } from '../../gateway/principal.ts'
import type { Permission } from '../../gateway/service.ts'
import { groupsOf } from './queries.ts'
import type { Store } from './store.ts'

/**
 * AWS adds this policy (`AWSLogDeliveryWrite20150319`) when a log delivery is made for Step Functions and others
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html).
 */
const DELIVERY: PolicyStatement = {
  Effect: 'Allow',
  Principal: { Service: 'delivery.logs.amazonaws.com' },
  Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  Resource: '*',
}

export function createMay({ cloud, policies }: Store) {
  return function may(operation: string, input: any): Permission[] {
    const action = `logs:${operation}`
    if (operation.includes('ResourcePolic') || /^(GetQueryResults|StopQuery)$/.test(operation))
      return [{ action, resource: '*' }]
    const ids: string[] =
      operation === 'StartQuery'
        ? groupsOf(input)
        : [input.logGroupName ?? input.logGroupIdentifier ?? input.logGroupNamePrefix ?? '']
    const policy = resourcePolicy()
    return ids.map((id) => {
      const group = id.startsWith('arn:') ? id.split(':')[6]! : id
      return {
        action,
        resource: cloud.arn('logs', `log-group:${group}:log-stream:${input.logStreamName ?? ''}`),
        policy,
      }
    })
  }

  function resourcePolicy(): PolicyDocument {
    return { Statement: [DELIVERY, ...policies.entries().flatMap(([, { Statement }]) => Statement)] }
  }
}
