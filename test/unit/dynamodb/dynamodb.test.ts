import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Service } from '../../../local/gateway/service.ts'
import { createEngine } from '../../../local/services/dynamodb/engine.ts'
import { createExpiry } from '../../../local/services/dynamodb/expiry.ts'
import { createDynamodb } from '../../../local/services/dynamodb/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let house: Service
const call = (operation: string, input: object = {}) => cloud.as('dynamodb', operation, { TableName: 'jobs', ...input })
const table = {
  TableName: 'jobs',
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'jobId', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'jobId', KeyType: 'HASH' }],
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
}
const indexed = {
  ...table,
  AttributeDefinitions: [...table.AttributeDefinitions, { AttributeName: 'executionArn', AttributeType: 'S' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byExecution',
      KeySchema: [{ AttributeName: 'executionArn', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
}
const byExecution = {
  IndexName: 'byExecution',
  KeyConditionExpression: 'executionArn = :e',
  ExpressionAttributeValues: { ':e': { S: 'E1' } },
}
const ids = (output: any) => output.Items.map((item: any) => item.jobId.S).sort()

beforeEach(() => {
  cloud = testCloud()
  house = cloud.add(createDynamodb(cloud))
})
afterEach(() => cloud.dispose())

describe('items', () => {
  it('are put, changed under a condition, read and deleted', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    const bytes = new Uint8Array([1, 2, 255])
    const Item = { jobId: { S: 'a' }, B: { S: 'named B' }, data: { B: bytes }, all: { BS: [bytes] }, n: { N: '1' } }

    await call('PutItem', { Item })
    const updated = await call('UpdateItem', {
      Key: { jobId: { S: 'a' } },
      UpdateExpression: 'SET n = n + :one',
      ConditionExpression: 'n = :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
      ReturnValues: 'ALL_NEW',
    })
    const again = await failure(() => call('PutItem', { Item, ConditionExpression: 'attribute_not_exists(jobId)' }))
    const got = await call('GetItem', { Key: { jobId: { S: 'a' } } })

    expect(updated.Attributes.n).toEqual({ N: '2' })
    expect(again).toMatchObject({ name: 'ConditionalCheckFailedException', message: 'The conditional request failed' })
    expect(got.Item).toEqual({ ...Item, n: { N: '2' } })
    await call('DeleteItem', { Key: { jobId: { S: 'a' } } })
    expect((await call('GetItem', { Key: { jobId: { S: 'a' } } })).Item).toBeUndefined()
  })

  it('survive a restart and another application of the template', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    await call('PutItem', { Item: { jobId: { S: 'kept' } } })
    await house.close?.()

    const next = cloud.restart()
    const nextHouse = next.add(createDynamodb(next))
    await next.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    const { Items } = await next.as('dynamodb', 'Scan', { TableName: 'jobs' })
    await nextHouse.close?.()

    expect(Items).toEqual([{ jobId: { S: 'kept' } }])
  })

  it('are written and read in batches, by name or ARN of the table', async () => {
    const { attributes } = await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    const puts = ['a', 'b', 'c'].map((id) => ({ PutRequest: { Item: { jobId: { S: id } } } }))

    await cloud.as('dynamodb', 'BatchWriteItem', { RequestItems: { [attributes!.Arn!]: puts } })
    const { Responses } = await cloud.as('dynamodb', 'BatchGetItem', {
      RequestItems: { jobs: { Keys: [{ jobId: { S: 'a' } }, { jobId: { S: 'none' } }] } },
    })

    expect(Responses.jobs).toEqual([{ jobId: { S: 'a' } }])
    expect(ids(await call('Scan'))).toEqual(['a', 'b', 'c'])
  })

  it('of no table are an error', async () => {
    const error = await failure(() => call('GetItem', { Key: { jobId: { S: 'a' } } }))

    expect(error).toMatchObject({ name: 'ResourceNotFoundException', message: 'Requested resource not found' })
  })

  it('keep a counter right under concurrent updates', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    const add = () =>
      call('UpdateItem', {
        Key: { jobId: { S: 'counter' } },
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      })

    await Promise.all(Array.from({ length: 50 }, add))

    expect((await call('GetItem', { Key: { jobId: { S: 'counter' } } })).Item.n.N).toBe('50')
  })
})

describe('indexes', () => {
  it('answer queries, and follow changes of the items', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)
    for (const [id, execution] of [
      ['1', 'E1'],
      ['2', 'E1'],
      ['3', 'E2'],
    ])
      await call('PutItem', { Item: { jobId: { S: id }, executionArn: { S: execution } } })

    expect(ids(await call('Query', byExecution))).toEqual(['1', '2'])
    await call('DeleteItem', { Key: { jobId: { S: '1' } } })
    expect(ids(await call('Query', byExecution))).toEqual(['2'])
  })

  it('that a changed template adds are filled from the items; those it drops are gone', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    await call('PutItem', { Item: { jobId: { S: '1' }, executionArn: { S: 'E1' } } })

    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)
    expect(ids(await call('Query', byExecution))).toEqual(['1'])
    await call('PutItem', { Item: { jobId: { S: '2' }, executionArn: { S: 'E1' } } })
    expect(ids(await call('Query', byExecution))).toEqual(['1', '2'])
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)

    expect((await failure(() => call('Query', byExecution))).name).toBe('ValidationException')
    expect(ids(await call('Scan'))).toEqual(['1', '2'])
  })
})

describe('tables', () => {
  it('whose key changed say what to do', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', table)
    const changed = {
      ...table,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }

    const error = await failure(() => cloud.deploy('AWS::DynamoDB::Table', 'Jobs', changed))

    expect(error.message).toContain('The table jobs has another key (jobId HASH)')
  })

  it('leave with the template, and come back empty', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)
    await call('PutItem', { Item: { jobId: { S: '1' }, executionArn: { S: 'E1' } } })
    await cloud.undeploy('Jobs')
    expect((await cloud.as('dynamodb', 'ListTables')).TableNames).toEqual([])

    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)

    expect(ids(await call('Scan'))).toEqual([])
    expect(ids(await call('Query', byExecution))).toEqual([])
  })

  it('describe themselves with times as dates', async () => {
    const { attributes } = await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)

    const { Table } = await call('DescribeTable')

    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', TableArn: attributes!.Arn })
    expect(Table.CreationDateTime).toBeInstanceOf(Date)
  })
})

describe('time to live', () => {
  it('deletes what has expired, and nothing else', async () => {
    // Prepare
    const engine = createEngine(cloud)
    const expiry = createExpiry(cloud, engine)
    await engine.run('CreateTable', { ...table, PointInTimeRecoverySpecification: undefined })
    await new Promise((resolve) => setTimeout(resolve, 20))
    const now = Date.UTC(2026, 0, 1)
    const at = (seconds: number) => ({ N: String(now / 1000 + seconds) })
    const items = { past: at(-1), future: at(1), ancient: { N: '1' }, text: { S: '0' } }
    for (const [id, expiresAt] of Object.entries(items))
      await engine.run('PutItem', { TableName: 'jobs', Item: { jobId: { S: id }, expiresAt } })
    expiry.set('jobs', 'expiresAt')
    expiry.set('gone', 'expiresAt')

    // Act
    const deleted = await expiry.sweep(now)

    // Assess
    const left = ids(await engine.run('Scan', { TableName: 'jobs' }))
    await engine.close()
    expect(deleted).toBe(1)
    expect(left).toEqual(['ancient', 'future', 'text'])
  })

  it('is described as the template has it', async () => {
    const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: true }
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', { ...table, TimeToLiveSpecification })

    expect((await call('DescribeTimeToLive')).TimeToLiveDescription).toEqual({
      TimeToLiveStatus: 'ENABLED',
      AttributeName: 'expiresAt',
    })
  })
})

describe('permissions', () => {
  it('are asked of the table or the index', async () => {
    await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', indexed)
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource }) => asked.push(`${action} ${resource}`) > 0
    const role = cloud.role('Task')

    await cloud.call(role, 'dynamodb', 'Query', { TableName: 'jobs', ...byExecution })
    await cloud.call(role, 'dynamodb', 'Scan', { TableName: 'jobs' })

    const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/jobs'
    expect(asked).toEqual([`dynamodb:Query ${arn}/index/byExecution`, `dynamodb:Scan ${arn}`])
  })
})
