import {
  APIGatewayClient,
  GetResourcesCommand,
  GetRestApisCommand,
  GetStagesCommand,
} from '@aws-sdk/client-api-gateway'
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListDashboardsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch'
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  TestEventPatternCommand,
} from '@aws-sdk/client-eventbridge'
import { GetRoleCommand, IAMClient, ListAttachedRolePoliciesCommand, ListRolesCommand } from '@aws-sdk/client-iam'
import { GetScheduleCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import { ListTopicsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApiGateway } from '../../../local/services/apigateway/index.ts'
import { createDynamodb } from '../../../local/services/dynamodb/index.ts'
import { createEvents } from '../../../local/services/events/index.ts'
import { createIam } from '../../../local/services/iam/index.ts'
import { createLogs } from '../../../local/services/logs/index.ts'
import { createMonitoring } from '../../../local/services/monitoring/index.ts'
import { createScheduler } from '../../../local/services/scheduler/index.ts'
import { createSecretsManager } from '../../../local/services/secretsmanager/index.ts'
import { createSns } from '../../../local/services/sns/index.ts'
import { createSts } from '../../../local/services/sts/index.ts'
import { jobsTable } from '../../support/jobs-table.ts'
import { startWire, type Wire } from '../../support/wire.ts'

let wire: Wire
const trust = (Service: string) => ({
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
})
const group = '/stepwell/events'
const resources = {
  Table: { Type: 'AWS::DynamoDB::Table', Properties: jobsTable },
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: 'Scheduled',
      AssumeRolePolicyDocument: trust('scheduler.amazonaws.com'),
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
    },
  },
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      Name: 's',
      ScheduleExpression: 'rate(1 hour)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      StartDate: '2030-01-01T00:00:00Z',
      State: 'DISABLED',
      Target: {
        Arn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
        RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Input: '{}',
      },
    },
  },
  Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'failures' } },
  TopicPolicy: {
    Type: 'AWS::SNS::TopicPolicy',
    Properties: {
      Topics: [{ Ref: 'Topic' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Resource: { Ref: 'Topic' },
            Condition: { StringEquals: { 'aws:SourceAccount': '000000000000' } },
          },
        ],
      },
    },
  },
  Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: group, RetentionInDays: 7 } },
  GroupPolicy: {
    Type: 'AWS::Logs::ResourcePolicy',
    Properties: {
      PolicyName: 'events',
      PolicyDocument: JSON.stringify({
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            Resource: '*',
          },
        ],
      }),
    },
  },
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'ours',
      EventPattern: { source: ['stepwell'] },
      Targets: [{ Id: 'log', Arn: { 'Fn::GetAtt': ['Group', 'Arn'] } }],
    },
  },
  Alarm: {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: 'rejects',
      AlarmActions: [{ Ref: 'Topic' }],
      Namespace: 'Stepwell',
      MetricName: 'Rejects',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    },
  },
  Dashboard: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardName: 'board', DashboardBody: '{}' } },
  Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'Api' } },
  Method: {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      RestApiId: { Ref: 'Api' },
      ResourceId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
      HttpMethod: 'GET',
      AuthorizationType: 'NONE',
      Integration: {
        Type: 'MOCK',
        RequestTemplates: { 'application/json': '{"statusCode": 200}' },
        IntegrationResponses: [
          { StatusCode: '200', ResponseTemplates: { 'application/json': '{"stage":"$context.stage"}' } },
        ],
      },
    },
  },
  Stage: { Type: 'AWS::ApiGateway::Stage', Properties: { RestApiId: { Ref: 'Api' }, StageName: 'v1' } },
}

beforeAll(async () => {
  const creators = [
    createIam,
    createSts,
    createLogs,
    createDynamodb,
    createSecretsManager,
    createSns,
    createEvents,
    createScheduler,
    createMonitoring,
    createApiGateway,
  ]
  wire = await startWire(resources, creators, {
    ApiId: { Value: { Ref: 'Api' } },
    TopicArn: { Value: { Ref: 'Topic' } },
  })
})
afterAll(() => wire.close())

describe('over the wire', () => {
  it('DynamoDB keeps documents', async () => {
    const client = new DynamoDBClient(wire.options)
    const documents = DynamoDBDocumentClient.from(client)
    const TableName = 'jobs'
    const item = { jobId: 'j', executionArn: 'e', attempts: 1, bytes: new Uint8Array([1, 255]), tags: new Set(['a']) }

    await documents.send(new PutCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(jobId)' }))
    const again = await documents
      .send(new PutCommand({ TableName, Item: item, ConditionExpression: 'attribute_not_exists(jobId)' }))
      .catch((error) => error)
    const { Attributes } = await documents.send(
      new UpdateCommand({
        TableName,
        Key: { jobId: 'j' },
        UpdateExpression: 'SET attempts = attempts + :one',
        ExpressionAttributeValues: { ':one': 1 },
        ReturnValues: 'UPDATED_NEW',
      }),
    )
    const { Items } = await documents.send(
      new QueryCommand({
        TableName,
        IndexName: 'byExecution',
        KeyConditionExpression: 'executionArn = :e',
        ExpressionAttributeValues: { ':e': 'e' },
      }),
    )
    const { Item } = await documents.send(new GetCommand({ TableName, Key: { jobId: 'j' } }))
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))

    expect(again).toMatchObject({ name: 'ConditionalCheckFailedException', $metadata: { httpStatusCode: 400 } })
    expect(Attributes).toEqual({ attempts: 2 })
    expect(Items).toEqual([{ ...item, attempts: 2 }])
    expect(Item).toEqual({ ...item, attempts: 2 })
    expect(Table!.CreationDateTime).toBeInstanceOf(Date)
  })

  it('Secrets Manager keeps secrets', async () => {
    const client = new SecretsManagerClient(wire.options)
    await client.send(new CreateSecretCommand({ Name: 'text', SecretString: 's' }))
    await client.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: new Uint8Array([7]) }))

    expect((await client.send(new GetSecretValueCommand({ SecretId: 'text' }))).SecretString).toBe('s')
    expect((await client.send(new GetSecretValueCommand({ SecretId: 'bytes' }))).SecretBinary).toEqual(
      new Uint8Array([7]),
    )
    expect((await client.send(new ListSecretsCommand({}))).SecretList).toHaveLength(2)
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  it('SNS publishes', async () => {
    const client = new SNSClient(wire.options)

    const { Topics } = await client.send(new ListTopicsCommand({}))
    const { MessageId } = await client.send(new PublishCommand({ TopicArn: Topics![0]!.TopicArn, Message: 'm' }))

    expect(Topics).toEqual([{ TopicArn: wire.cloud.outputs.TopicArn }])
    expect(MessageId).toMatch(/^[0-9a-f-]{36}$/)
    await expect(
      client.send(new PublishCommand({ TopicArn: `${wire.cloud.outputs.TopicArn}-no`, Message: 'm' })),
    ).rejects.toMatchObject({ name: 'NotFoundException', $metadata: { httpStatusCode: 404 } })
  })

  it('EventBridge brings events to a log group that lets it in', async () => {
    const client = new EventBridgeClient(wire.options)
    const logs = new CloudWatchLogsClient(wire.options)
    const Entries = [
      { Source: 'stepwell', DetailType: 'Test', Detail: '{"n":1}', Time: new Date() },
      { Source: 'aws.emr', DetailType: 'Test', Detail: '{}' },
    ]

    const output = await client.send(new PutEventsCommand({ Entries }))

    expect(output).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ EventId: expect.any(String) }, { ErrorCode: 'NotAuthorizedForSourceException' }],
    })
    await vi.waitFor(async () => {
      const { events } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: group, filterPattern: '{ $.detail.n = 1 }' }),
      )
      expect(events).toHaveLength(1)
    })
    expect((await client.send(new ListRulesCommand({}))).Rules).toMatchObject([{ Name: 'ours', State: 'ENABLED' }])
    expect((await client.send(new ListTargetsByRuleCommand({ Rule: 'ours' }))).Targets).toHaveLength(1)
    await expect(client.send(new TestEventPatternCommand({ EventPattern: '{}', Event: '{}' }))).rejects.toMatchObject({
      name: 'InvalidEventPatternException',
    })
  })

  it('CloudWatch Logs keeps events', async () => {
    const client = new CloudWatchLogsClient(wire.options)
    const at = { logGroupName: group, logStreamName: 'mine' }
    await client.send(new CreateLogStreamCommand(at))
    const timestamp = Date.now()
    await client.send(new PutLogEventsCommand({ ...at, logEvents: [{ timestamp, message: 'hello' }] }))

    const { events } = await client.send(new GetLogEventsCommand({ ...at, startFromHead: true }))
    const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/stepwell' }))

    expect(events).toMatchObject([{ timestamp, message: 'hello' }])
    expect(logGroups).toMatchObject([{ logGroupName: group, retentionInDays: 7 }])
  })

  it('Scheduler shows its schedules', async () => {
    const client = new SchedulerClient(wire.options)
    expect(await client.send(new GetScheduleCommand({ Name: 's' }))).toMatchObject({
      StartDate: new Date('2030-01-01T00:00:00Z'),
      Target: { Input: '{}' },
      State: 'DISABLED',
    })
    expect((await client.send(new ListSchedulesCommand({}))).Schedules).toMatchObject([{ Name: 's' }])
    await expect(client.send(new GetScheduleCommand({ Name: 'none' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    })
  })

  it('CloudWatch keeps metrics, and an alarm publishes as its topic allows', async () => {
    const client = new CloudWatchClient(wire.options)
    const metric = { Namespace: 'Stepwell', MetricName: 'Rejects' }
    const times = { StartTime: new Date(Date.now() - 3_600_000), EndTime: new Date(Date.now() + 60_000) }
    await client.send(
      new PutMetricDataCommand({
        Namespace: 'Stepwell',
        MetricData: [{ MetricName: 'Rejects', Value: 3, Unit: 'Count' }],
      }),
    )

    const { Datapoints } = await client.send(
      new GetMetricStatisticsCommand({ ...metric, ...times, Period: 3600, Statistics: ['Sum', 'Maximum'] }),
    )
    const { MetricDataResults } = await client.send(
      new GetMetricDataCommand({
        ...times,
        MetricDataQueries: [{ Id: 'm', MetricStat: { Metric: metric, Period: 60, Stat: 'Sum' } }],
      }),
    )

    expect(Datapoints!.map((one) => one.Sum)).toEqual([3])
    expect(MetricDataResults).toMatchObject([{ Id: 'm', Values: [3] }])
    await vi.waitFor(async () => {
      const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: ['rejects'] }))
      expect(MetricAlarms).toMatchObject([{ StateValue: 'ALARM', Threshold: 1 }])
    })
    expect((await client.send(new ListDashboardsCommand({}))).DashboardEntries).toMatchObject([
      { DashboardName: 'board' },
    ])
  })

  it('IAM and STS tell who is who', async () => {
    const iam = new IAMClient(wire.options)
    const sts = new STSClient(wire.options)

    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'Scheduled' }))
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'Scheduled' }))

    expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!))).toEqual(trust('scheduler.amazonaws.com'))
    expect(AttachedPolicies).toMatchObject([{ PolicyName: 'AWSLambdaBasicExecutionRole' }])
    expect((await iam.send(new ListRolesCommand({}))).Roles).toHaveLength(1)
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({ Arn: 'arn:aws:iam::000000000000:root' })
    await expect(iam.send(new GetRoleCommand({ RoleName: 'None' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      $metadata: { httpStatusCode: 404 },
    })
  })

  it('API Gateway serves a stage', async () => {
    const client = new APIGatewayClient(wire.options)
    const restApiId = wire.cloud.outputs.ApiId!

    const response = await fetch(`${wire.cloud.url}/execute-api/${restApiId}/v1`)
    const missing = await fetch(`${wire.cloud.url}/execute-api/${restApiId}/v1/none`)

    expect([response.status, await response.json()]).toEqual([200, { stage: 'v1' }])
    expect([missing.status, await missing.json()]).toEqual([403, { message: 'Missing Authentication Token' }])
    expect((await client.send(new GetRestApisCommand({}))).items).toMatchObject([{ id: restApiId, name: 'Api' }])
    expect((await client.send(new GetResourcesCommand({ restApiId }))).items).toMatchObject([{ path: '/' }])
    expect((await client.send(new GetStagesCommand({ restApiId }))).item).toMatchObject([{ stageName: 'v1' }])
  })
})
