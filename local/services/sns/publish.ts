/** Publishing: the message is kept, said in the log, and handed to the functions that subscribed. */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import type { Message, Store, Subscription, Topic } from './store.ts'

const mostBytes = 256 * 1024

export function publishOperations(store: Store): Record<string, Operation> {
  const { cloud } = store

  function publish(topic: Topic, input: any): string {
    const text: string = input.Message ?? ''
    if (text === '') throw invalid('Empty message')
    if (Buffer.byteLength(text) > mostBytes) throw invalid('Message too long')
    if (input.Subject !== undefined && !/^[\x20-\x7e]{1,99}$/.test(input.Subject)) throw invalid('Subject')
    const message: Message = {
      id: randomUUID(),
      time: new Date().toISOString(),
      ...(input.Subject !== undefined && { subject: input.Subject }),
      message: input.MessageStructure === 'json' ? defaultOf(text) : text,
      ...(input.MessageAttributes && { attributes: input.MessageAttributes }),
    }
    store.keep(topic, message)
    cloud.log('info', `SNS ${topic.name}: ${message.subject ?? firstLine(message.message)}`, {
      messageId: message.id,
      message: message.message,
    })
    for (const subscription of store.subscriptionsOf(topic.arn)) void deliver(topic, subscription, message)
    return message.id
  }

  async function deliver(topic: Topic, { protocol, endpoint, arn }: Subscription, message: Message) {
    if (protocol !== 'lambda') {
      cloud.log('info', `SNS ${topic.name}: ${protocol} to ${endpoint} is not sent from one machine.`)
      return
    }
    const event = {
      Records: [
        { EventSource: 'aws:sns', EventVersion: '1.0', EventSubscriptionArn: arn, Sns: record(topic, message) },
      ],
    }
    try {
      await cloud.call(cloud.servicePrincipal('sns.amazonaws.com', topic.arn), 'lambda', 'Invoke', {
        FunctionName: endpoint,
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify(event)),
      })
    } catch (error) {
      cloud.log(
        'error',
        `SNS ${topic.name}: ${endpoint} did not take message ${message.id}: ${(error as Error).message}`,
      )
    }
  }

  return {
    Publish(input) {
      const arn = input.TopicArn ?? input.TargetArn
      if (arn === undefined) throw invalid('TopicArn or TargetArn Reason: no value for required parameter')
      return { MessageId: publish(store.topic(arn), input) }
    },

    PublishBatch({ TopicArn, PublishBatchRequestEntries = [] }) {
      const topic = store.topic(TopicArn)
      const Successful: object[] = []
      const Failed: object[] = []
      for (const { Id, ...entry } of PublishBatchRequestEntries)
        try {
          Successful.push({ Id, MessageId: publish(topic, entry) })
        } catch (error) {
          if (!(error instanceof AwsError)) throw error
          Failed.push({ Id, Code: 'InvalidParameter', Message: error.message, SenderFault: true })
        }
      return { Successful, Failed }
    },
  }
}

const record = (topic: Topic, message: Message) => ({
  Type: 'Notification',
  MessageId: message.id,
  TopicArn: topic.arn,
  Subject: message.subject ?? null,
  Message: message.message,
  Timestamp: message.time,
  MessageAttributes: Object.fromEntries(
    Object.entries(message.attributes ?? {}).map(([name, { DataType, StringValue }]) => [
      name,
      { Type: DataType, Value: StringValue },
    ]),
  ),
})

/** `MessageStructure: json` carries one text for each protocol, and one for all others. */
function defaultOf(text: string): string {
  try {
    const { default: message } = JSON.parse(text)
    if (typeof message === 'string') return message
  } catch {
    // answered below
  }
  throw invalid('Message Structure - No default entry in JSON message body')
}

const firstLine = (text: string) => text.split('\n', 1)[0]!.slice(0, 200)
export const invalid = (what: string) =>
  new AwsError('InvalidParameterException', `Invalid parameter: ${what}`, {}, 400)
