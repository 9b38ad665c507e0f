/** The permissions of SNS (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay({ cloud, topics }: Store) {
  return function may(operation: string, input: any): Permission[] {
    const action = `sns:${operation === 'PublishBatch' ? 'Publish' : operation}`
    const arn: string =
      input.TopicArn ??
      input.TargetArn ??
      input.SubscriptionArn?.split(':').slice(0, 6).join(':') ??
      (operation === 'CreateTopic' ? cloud.arn('sns', input.Name) : '*')
    const policy = topics.get(arn)?.policy
    return [{ action, resource: arn, ...(policy && { policy }) }]
  }
}
