import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSns } from '../../../local/services/sns/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const call = (operation: string, input: object = {}) => cloud.as('sns', operation, input)
const TopicArn = 'arn:aws:sns:us-east-1:000000000000:failures'

beforeEach(async () => {
  cloud = testCloud()
  cloud.add(createSns(cloud))
  await cloud.deploy('AWS::SNS::Topic', 'Failures', { TopicName: 'failures' })
})
afterEach(() => cloud.dispose())

describe('a topic', () => {
  it('keeps what is published and says it in the log', async () => {
    const { MessageId } = await call('Publish', { TopicArn, Subject: 'It failed', Message: 'because' })

    const kept = JSON.parse(readFileSync(join(cloud.dataDir, 'sns/failures.jsonl'), 'utf8'))
    expect(kept).toMatchObject({ id: MessageId, subject: 'It failed', message: 'because' })
    expect(cloud.lines).toMatchObject([{ level: 'info', message: 'SNS failures: It failed' }])
  })

  it('invokes the functions that subscribed, as the service', async () => {
    cloud.fake('lambda', { Invoke: () => ({ StatusCode: 202 }) })
    const Endpoint = 'arn:aws:lambda:us-east-1:000000000000:function:notify'
    await call('Subscribe', { TopicArn, Protocol: 'lambda', Endpoint })
    await call('Subscribe', { TopicArn, Protocol: 'email', Endpoint: 'me@example.com' })

    await call('Publish', {
      TopicArn,
      Message: 'm',
      MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } },
    })
    await setImmediate()

    const invoked = cloud.calls.filter((one) => one.service === 'lambda')
    expect(invoked).toMatchObject([
      { principal: { service: 'sns.amazonaws.com', sourceArn: TopicArn }, input: { FunctionName: Endpoint } },
    ])
    expect(JSON.parse(invoked[0]!.input.Payload).Records[0].Sns).toMatchObject({
      TopicArn,
      Message: 'm',
      MessageAttributes: { k: { Type: 'String', Value: 'v' } },
    })
  })

  it('that is not there, and messages that are none, are refused', async () => {
    const missing = await failure(() => call('Publish', { TopicArn: `${TopicArn}-no`, Message: 'm' }))

    expect(missing).toMatchObject({ name: 'NotFoundException', message: 'Topic does not exist' })
    expect((await failure(() => call('Publish', { TopicArn, Message: '' }))).message).toBe(
      'Invalid parameter: Empty message',
    )
    const long = 'x'.repeat(256 * 1024 + 1)
    expect((await failure(() => call('Publish', { TopicArn, Message: long }))).message).toContain('too long')
    expect((await failure(() => call('Publish', { TopicArn, Message: 'm', Subject: 'a\nb' }))).message).toContain(
      'Subject',
    )
  })

  it('is subscribed to once, however often the template is applied, and gone with it', async () => {
    const properties = { TopicName: 'failures', Subscription: [{ Protocol: 'email', Endpoint: 'me@example.com' }] }
    await cloud.deploy('AWS::SNS::Topic', 'Failures', properties)
    await cloud.deploy('AWS::SNS::Topic', 'Failures', properties)
    expect((await call('ListSubscriptionsByTopic', { TopicArn })).Subscriptions).toHaveLength(1)

    await cloud.undeploy('Failures')

    expect((await call('ListTopics')).Topics).toEqual([])
    expect((await call('ListSubscriptions')).Subscriptions).toEqual([])
  })

  it('has a policy that is asked on each publish', async () => {
    const policy = {
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish', Resource: TopicArn },
      ],
    }
    await cloud.deploy('AWS::SNS::TopicPolicy', 'Policy', { Topics: [TopicArn], PolicyDocument: policy })
    let asked: unknown
    cloud.decide = (_principal, permission) => {
      asked = permission
      return true
    }

    await cloud.call(cloud.servicePrincipal('events.amazonaws.com'), 'sns', 'Publish', { TopicArn, Message: 'm' })

    expect(asked).toEqual({ action: 'sns:Publish', resource: TopicArn, policy })
  })

  it('takes a batch message by message', async () => {
    const output = await call('PublishBatch', {
      TopicArn,
      PublishBatchRequestEntries: [
        { Id: 'good', Message: 'm' },
        { Id: 'bad', Message: '' },
      ],
    })

    expect(output.Successful).toMatchObject([{ Id: 'good' }])
    expect(output.Failed).toMatchObject([{ Id: 'bad', SenderFault: true }])
  })
})
