/** Topics, subscriptions and topic policies of the template. */
import { z } from 'zod'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { ResourceType } from '../../gateway/service.ts'
import type { Store } from './store.ts'

const topicProperties = z.object({
  TopicName: z.string().optional(),
  DisplayName: z.string().optional(),
  Subscription: z.array(z.object({ Protocol: z.string(), Endpoint: z.string() })).default([]),
})

export function topicResources(store: Store): Record<string, ResourceType> {
  const { cloud, topics } = store
  const call = (operation: string, input: object) => cloud.call(cloud.admin, 'sns', operation, input)

  return {
    'AWS::SNS::Topic': {
      async apply({ properties, physicalName }) {
        const { TopicName, DisplayName, Subscription } = topicProperties.parse(properties)
        const Name = TopicName ?? physicalName({ max: 256 })
        const { TopicArn } = await call('CreateTopic', { Name, Attributes: { DisplayName } })
        for (const one of Subscription) await call('Subscribe', { TopicArn, ...one })
        return { ref: TopicArn, attributes: { TopicArn, TopicName: Name } }
      },
      remove: ({ ref }) => call('DeleteTopic', { TopicArn: ref }),
    },

    'AWS::SNS::Subscription': {
      async apply({ properties: { TopicArn, Protocol, Endpoint, FilterPolicy } }) {
        const Attributes = FilterPolicy ? { FilterPolicy: JSON.stringify(FilterPolicy) } : {}
        const { SubscriptionArn } = await call('Subscribe', { TopicArn, Protocol, Endpoint, Attributes })
        return { ref: SubscriptionArn, attributes: { Arn: SubscriptionArn } }
      },
      remove: ({ ref }) => call('Unsubscribe', { SubscriptionArn: ref }),
    },

    'AWS::SNS::TopicPolicy': {
      apply({ logicalId, stack, properties }) {
        for (const arn of properties.Topics as string[])
          topics.put(arn, { ...store.topic(arn), policy: properties.PolicyDocument as PolicyDocument })
        return { ref: `${stack}-${logicalId}`, attributes: { Id: `${stack}-${logicalId}` } }
      },
      remove({ properties }) {
        for (const arn of properties.Topics as string[]) {
          const topic = topics.get(arn)
          if (!topic) continue
          const { policy: _policy, ...rest } = topic
          topics.put(arn, rest)
        }
      },
    },
  }
}
