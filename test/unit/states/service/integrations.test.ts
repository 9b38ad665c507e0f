import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { AwsError } from '../../../../local/gateway/aws-error.ts'
import { aServiceForEachTest, call, create, ended, world } from './support.ts'

aServiceForEachTest()

describe('Service integrations', () => {
  const one = (Resource: string, Arguments: object) => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Call',
    States: { Call: { Type: 'Task', Resource, Arguments, End: true } },
  })
  const run = async (definition: object) =>
    ended((await call('StartExecution', { stateMachineArn: await create(definition) })).executionArn)

  it('put events with the execution as their source, and their detail as JSON text', async () => {
    const row = await run(
      one('arn:aws:states:::events:putEvents', { Entries: [{ Source: 'me', DetailType: 'Done', Detail: { a: 1 } }] }),
    )
    expect(row.status).toBe('SUCCEEDED')
    expect(world.events.find((event) => event.Source === 'me')).toMatchObject({
      Detail: '{"a":1}',
      Resources: [row.stateMachineArn, row.executionArn],
    })
  })

  it('read and write objects by the AWS SDK', async () => {
    const put: Record<string, string> = {}
    world.cloud.fake('s3', {
      PutObject: ({ Key, Body }) => {
        put[Key] = Buffer.from(Body).toString()
        return { ETag: '"1"' }
      },
      GetObject: ({ Key }) => ({ Body: Readable.from([Buffer.from(put[Key]!)]), ContentLength: put[Key]!.length }),
    })
    const written = await run(one('arn:aws:states:::aws-sdk:s3:putObject', { Bucket: 'b', Key: 'k', Body: { a: 1 } }))
    await call('DeleteStateMachine', { stateMachineArn: written.stateMachineArn })
    const read = await run(one('arn:aws:states:::aws-sdk:s3:getObject', { Bucket: 'b', Key: 'k' }))
    expect(JSON.parse(written.output)).toEqual({ ETag: '"1"' })
    expect(JSON.parse(read.output)).toEqual({ Body: '{"a":1}', ContentLength: 7 })
  })

  it('name the errors of a service as AWS does', async () => {
    world.cloud.fake('dynamodb', {
      GetItem: () => {
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
      },
    })
    const row = await run(one('arn:aws:states:::dynamodb:getItem', { TableName: 't', Key: { a: { S: '1' } } }))
    expect(row.error).toBe('DynamoDB.ResourceNotFoundException')
    expect(row.cause).toContain('Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 404;')
  })
})
