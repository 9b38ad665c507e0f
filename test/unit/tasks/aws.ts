/**
 * AWS for the tests of tasks: real services of the local cloud behind its real port, so that the tasks' own SDK clients speak the wire.
 * A service that a test scripts (EMR, Step Functions) is a few operations behind the same port.
 */
import type { Context } from 'aws-lambda'
import { afterAll } from 'vitest'
import { modelOf, type ServiceModel } from '../../../local/gateway/model.ts'
import { type Gateway, listen } from '../../../local/gateway/server.ts'
import { createDynamodb } from '../../../local/services/dynamodb/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { createSecretsManager } from '../../../local/services/secretsmanager/index.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'
import { jobsTable as properties } from '../../support/jobs-table.ts'

const packages: Record<string, () => Promise<object>> = {
  s3: () => import('@aws-sdk/client-s3'),
  dynamodb: () => import('@aws-sdk/client-dynamodb'),
  secretsmanager: () => import('@aws-sdk/client-secrets-manager'),
  states: () => import('@aws-sdk/client-sfn'),
  elasticmapreduce: () => import('@aws-sdk/client-emr'),
  'redshift-data': () => import('@aws-sdk/client-redshift-data'),
  sns: () => import('@aws-sdk/client-sns'),
}

export interface TestAws {
  cloud: TestCloud
  url: string
  /** Removes all data. The port stays until the file's tests are over: SDK clients keep their endpoint. */
  close(): Promise<void>
}

let current: TestCloud
let gateway: Gateway | undefined
afterAll(() => gateway?.close())

/** Starts S3, DynamoDB and Secrets Manager, empty, and points this process's SDK clients at them. */
export async function startAws(): Promise<TestAws> {
  current = testCloud()
  const cloud = current
  for (const create of [createS3, createDynamodb, createSecretsManager]) cloud.add(create(cloud))
  gateway ??= await listenOnce()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: gateway.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'ASIATEST',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_MAX_ATTEMPTS: '1',
  })
  return { cloud, url: gateway.url, close: () => cloud.dispose() }
}

function listenOnce(): Promise<Gateway> {
  const models = new Map<string, ServiceModel>()
  return listen(
    0,
    Promise.resolve({
      async model(name) {
        const load = packages[name]
        if (load && !models.has(name)) models.set(name, modelOf(name, await load()))
        return models.get(name)
      },
      principal: () => current.admin,
      invoke: (_call, service, operation, input) => current.call(current.admin, service, operation, input as object),
      page: async () => undefined,
      log: () => {},
    }),
  )
}

/** Makes a bucket and gives its name. */
export async function bucket(cloud: TestCloud, name: string): Promise<string> {
  return (await cloud.deploy('AWS::S3::Bucket', name, { BucketName: name })).ref
}

/** Makes the Archives table and gives its name. */
export async function archivesTable(cloud: TestCloud): Promise<string> {
  const table = {
    TableName: 'archives',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'quarter', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'quarter', KeyType: 'HASH' }],
  }
  return (await cloud.deploy('AWS::DynamoDB::Table', 'Archives', table)).ref
}

/** Makes the Locks table and gives its name. */
export async function locksTable(cloud: TestCloud): Promise<string> {
  const table = {
    TableName: 'locks',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'workflow', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'workflow', KeyType: 'HASH' }],
  }
  return (await cloud.deploy('AWS::DynamoDB::Table', 'Locks', table)).ref
}

/** Makes the Locks table with the lock of an execution, which works, and gives its name. */
export async function heldLock(cloud: TestCloud, name = 'run-1'): Promise<string> {
  const TableName = await locksTable(cloud)
  const Item = {
    workflow: { S: 'Batch' },
    executionArn: { S: execution(name).Id },
    takenAt: { S: 'now' },
    writers: { M: {} },
  }
  await cloud.as('dynamodb', 'PutItem', { TableName, Item })
  return TableName
}

/** Makes the Jobs table and gives its name. */
export async function jobsTable(cloud: TestCloud): Promise<string> {
  return (await cloud.deploy('AWS::DynamoDB::Table', 'Jobs', properties)).ref
}

/** Invokes a task's handler as Lambda does, with an environment of its own. */
export async function invoke<Result>(
  handler: (event: any, context: Context) => unknown,
  event: unknown,
  environment: Record<string, string>,
  remainingMs = 60_000,
): Promise<Result> {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    const deadline = Date.now() + remainingMs
    const context = {
      functionName: 'test',
      functionVersion: '$LATEST',
      memoryLimitInMB: '512',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:test',
      awsRequestId: 'request',
      getRemainingTimeInMillis: () => deadline - Date.now(),
    } as Context
    return (await handler(event, context)) as Result
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

/** `$states.context.Execution` of an execution. */
export function execution(name = 'run-1') {
  return {
    Id: `arn:aws:states:us-east-1:000000000000:execution:Batch:${name}`,
    Name: name,
    StartTime: '2026-11-22T12:00:00.000Z',
    Input: {},
    RoleArn: 'arn:aws:iam::000000000000:role/Batch',
  }
}
