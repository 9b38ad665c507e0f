/** Topics, their subscriptions and what was published to them. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'

export interface Topic {
  arn: string
  name: string
  displayName?: string
  policy?: PolicyDocument
}

export interface Subscription {
  arn: string
  topicArn: string
  protocol: string
  endpoint: string
}

export interface Message {
  id: string
  /** ISO 8601. */
  time: string
  subject?: string
  message: string
  attributes?: Record<string, { DataType?: string; StringValue?: string }>
}

export interface Store {
  readonly cloud: Cloud
  /** By ARN. */
  readonly topics: Collection<Topic>
  readonly subscriptions: Collection<Subscription>
  /** @throws AwsError NotFoundException */
  topic(arn: string): Topic
  subscriptionsOf(topicArn: string): Subscription[]
  /** Appends to `<data>/sns/<topic>.jsonl`, where people and tests read what was published. */
  keep(topic: Topic, message: Message): void
}

export function createStore(cloud: Cloud): Store {
  const topics = cloud.collection<Topic>('sns.topics')
  const subscriptions = cloud.collection<Subscription>('sns.subscriptions')
  return {
    cloud,
    topics,
    subscriptions,
    topic(arn) {
      const topic = topics.get(arn)
      if (!topic) throw new AwsError('NotFoundException', 'Topic does not exist', {}, 404)
      return topic
    },
    subscriptionsOf: (topicArn) => subscriptions.entries(`${topicArn}:`).map(([, subscription]) => subscription),
    keep(topic, message) {
      appendFileSync(join(cloud.folder('sns'), `${topic.name}.jsonl`), `${JSON.stringify(message)}\n`)
    },
  }
}
