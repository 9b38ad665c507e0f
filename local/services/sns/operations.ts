/** Topics and subscriptions. */
import { createHash } from 'node:crypto'
import type { Operation } from '../../gateway/service.ts'
import { invalid } from './publish.ts'
import type { Store, Subscription } from './store.ts'

const protocols = ['http', 'https', 'email', 'email-json', 'sms', 'sqs', 'application', 'lambda', 'firehose']

export function topicOperations(store: Store): Record<string, Operation> {
  const { cloud, topics, subscriptions } = store

  return {
    CreateTopic({ Name, Attributes }) {
      if (!/^[\w-]{1,256}$/.test(Name ?? '')) throw invalid('Topic Name')
      const arn = cloud.arn('sns', Name)
      topics.put(arn, { ...topics.get(arn), arn, name: Name, displayName: Attributes?.DisplayName })
      return { TopicArn: arn }
    },

    DeleteTopic({ TopicArn }) {
      topics.delete(TopicArn)
      for (const { arn } of store.subscriptionsOf(TopicArn)) subscriptions.delete(arn)
      return {}
    },

    ListTopics: () => ({ Topics: topics.entries().map(([arn]) => ({ TopicArn: arn })) }),

    GetTopicAttributes({ TopicArn }) {
      const { arn, displayName = '', policy } = store.topic(TopicArn)
      return {
        Attributes: {
          TopicArn: arn,
          Owner: cloud.account,
          DisplayName: displayName,
          SubscriptionsConfirmed: String(store.subscriptionsOf(arn).length),
          SubscriptionsPending: '0',
          SubscriptionsDeleted: '0',
          ...(policy && { Policy: JSON.stringify(policy) }),
        },
      }
    },

    Subscribe({ TopicArn, Protocol, Endpoint = '', Attributes = {} }) {
      store.topic(TopicArn)
      if (!protocols.includes(Protocol)) throw invalid(`Does not support this protocol string: ${Protocol}`)
      if (Attributes.FilterPolicy) throw invalid('Attributes Reason: FilterPolicy is not served locally')
      const hash = createHash('sha256').update(`${Protocol} ${Endpoint}`).digest('hex')
      const arn = `${TopicArn}:${hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`
      subscriptions.put(arn, { arn, topicArn: TopicArn, protocol: Protocol, endpoint: Endpoint })
      return { SubscriptionArn: arn }
    },

    Unsubscribe({ SubscriptionArn }) {
      subscriptions.delete(SubscriptionArn)
      return {}
    },

    ListSubscriptions: () => ({ Subscriptions: subscriptions.entries().map(([, one]) => shape(one)) }),

    ListSubscriptionsByTopic({ TopicArn }) {
      store.topic(TopicArn)
      return { Subscriptions: store.subscriptionsOf(TopicArn).map(shape) }
    },
  }

  function shape({ arn, topicArn, protocol, endpoint }: Subscription) {
    return {
      SubscriptionArn: arn,
      Owner: cloud.account,
      Protocol: protocol,
      Endpoint: endpoint,
      TopicArn: topicArn,
    }
  }
}
