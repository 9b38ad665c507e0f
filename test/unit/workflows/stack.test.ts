import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { DEPLOYED } from '../../../cli/cost/rates.ts'
import { listTasks } from '../../../workflows/tasks.ts'
import { kebabCase } from '../../../workflows/workflow.ts'
import { root, type SynthesizedStack, synthesizedStack } from './stepwell.ts'

let stack: SynthesizedStack

beforeAll(async () => {
  stack = await synthesizedStack()
}, 60_000)

const properties = (type: string) => stack.ofType(type).map(([, resource]) => resource.Properties)

describe('the stack', () => {
  it('needs no custom resource', () => {
    const types = Object.values(stack.resources).map(({ Type }) => Type)
    expect(
      types.filter((type) => type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource'),
    ).toEqual([])
  })

  it('stays well below the 500 resources of a stack', () => {
    expect(Object.keys(stack.resources).length).toBeLessThan(450)
  })

  it('keeps data when it is deleted: in place, or in a last snapshot', () => {
    // What a first deployment leaves behind when it fails would be in the way of the second; a bucket with logs cannot be taken back.
    const kept = {
      'AWS::S3::Bucket': 'RetainExceptOnCreate',
      'AWS::RedshiftServerless::Namespace': 'RetainExceptOnCreate',
      'AWS::RDS::DBInstance': 'Snapshot',
    }
    for (const [type, policy] of Object.entries(kept)) {
      expect(stack.ofType(type).length).toBeGreaterThan(0)
      for (const [id, resource] of stack.ofType(type)) {
        const isLogs = id === stack.outputs.LogsBucketName?.Value.Ref
        expect(resource.DeletionPolicy, id).toBe(isLogs ? 'Retain' : policy)
        expect(resource.UpdateReplacePolicy, id).toBe(type === 'AWS::RDS::DBInstance' ? 'Snapshot' : 'Retain')
      }
    }
  })

  it('can be deployed to two regions of one account: what belongs to the account has the region in its name', () => {
    const [dashboard] = properties('AWS::CloudWatch::Dashboard')
    const [headers] = properties('AWS::CloudFront::ResponseHeadersPolicy')
    const [access] = properties('AWS::CloudFront::OriginAccessControl')
    const names = [
      dashboard.DashboardName,
      headers.ResponseHeadersPolicyConfig.Name,
      access.OriginAccessControlConfig.Name,
    ]
    for (const name of names) expect(name).toContain('us-east-1')
    // IAM belongs to the account too; CloudFormation names what has no name, with a part that is never the same.
    for (const type of ['Role', 'ManagedPolicy', 'InstanceProfile', 'User', 'Group'].map((kind) => `AWS::IAM::${kind}`))
      for (const { RoleName, ManagedPolicyName, InstanceProfileName, UserName, GroupName } of properties(type))
        expect([RoleName, ManagedPolicyName, InstanceProfileName, UserName, GroupName]).toEqual(
          Array(5).fill(undefined),
        )
  })

  it('has every output that people and the command line read', () => {
    for (const name of [
      'BatchStateMachineArn',
      'StreamStateMachineArn',
      'StreamTeardownStateMachineArn',
      'StreamName',
      'StreamBucketName',
      'RawBucketName',
      'ProcessedBucketName',
      'ReportsBucketName',
      'LogsBucketName',
      'SourceCredentialsArn',
      'RedshiftWorkgroupName',
      'RedshiftDatabaseName',
      'MysqlEndpoint',
      'MysqlDatabaseName',
      'JobsTableName',
      'ArchivesTableName',
      'FailureTopicArn',
      'DashboardName',
      'ExecutionsApiUrl',
    ]) {
      expect(stack.outputs, name).toHaveProperty(name)
    }
  })

  it('can be deployed without a value for any parameter', () => {
    expect(Object.entries(stack.parameters).filter(([, { Default }]) => Default === undefined)).toEqual([])
    expect(stack.parameters).toMatchObject({ SourceDriver: { Default: 's3' }, SourceUrl: { Default: '' } })
  })
})

describe('buckets', () => {
  it('are encrypted and closed to the public', () => {
    for (const bucket of properties('AWS::S3::Bucket')) {
      expect(bucket.BucketEncryption).toBeDefined()
      expect(Object.values(bucket.PublicAccessBlockConfiguration)).toEqual([true, true, true, true])
    }
  })

  it('refuse whoever comes without TLS', () => {
    const policies = properties('AWS::S3::BucketPolicy')
    for (const [id] of stack.ofType('AWS::S3::Bucket')) {
      const statements = policies.find((policy) => policy.Bucket.Ref === id)?.PolicyDocument.Statement ?? []
      const denial = { Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }
      expect(statements, id).toContainEqual(expect.objectContaining(denial))
    }
  })

  it('forget uploads that were never completed', () => {
    for (const bucket of properties('AWS::S3::Bucket')) {
      expect(bucket.LifecycleConfiguration.Rules).toContainEqual(
        expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Status: 'Enabled' }),
      )
    }
  })
})

describe('the network', () => {
  it('has no NAT gateway', () => {
    expect(stack.ofType('AWS::EC2::NatGateway')).toEqual([])
  })

  it('gives Redshift three zones, whatever region it lands in, or those that are named', () => {
    const [workgroup] = properties('AWS::RedshiftServerless::Workgroup')
    const zones = workgroup.SubnetIds.map(
      ({ Ref }: { Ref: string }) => stack.resources[Ref]?.Properties.AvailabilityZone,
    )
    expect(zones).toEqual(
      [0, 1, 2].map((index) => ({
        'Fn::If': [
          expect.stringContaining(`Zone${index + 1}Given`),
          { Ref: `Zone${index + 1}` },
          { 'Fn::Select': [index, { 'Fn::GetAZs': '' }] },
        ],
      })),
    )
  })

  it('has an endpoint for every service that a function inside of it may call: there is no other way out', () => {
    const endpoints = properties('AWS::EC2::VPCEndpoint').map(({ ServiceName }) => JSON.stringify(ServiceName))
    // Lambda itself makes network interfaces and writes logs; the database lies in the VPC.
    const byLambda = ['ec2', 'logs', 'rds-db']
    const inside = properties('AWS::Lambda::Function').filter(({ VpcConfig }) => VpcConfig)
    expect(inside.length).toBeGreaterThan(0)
    for (const { Role, Description } of inside) {
      const services = properties('AWS::IAM::Policy')
        .filter(({ Roles }) => Roles.some(({ Ref }: { Ref: string }) => Ref === Role['Fn::GetAtt'][0]))
        .flatMap(({ PolicyDocument }) => PolicyDocument.Statement.flatMap(({ Action }: any) => Action))
        .map((action: string) => action.split(':')[0]!)
      for (const service of new Set(services.filter((name) => !byLambda.includes(name)))) {
        const leadsThere = endpoints.some((name) => new RegExp(`\\.${service}"`).test(name))
        expect(leadsThere, `${Description} calls ${service}`).toBe(true)
      }
    }
  })

  it('lets nobody in from outside', () => {
    const rules = [
      ...properties('AWS::EC2::SecurityGroup').flatMap((group) => group.SecurityGroupIngress ?? []),
      ...properties('AWS::EC2::SecurityGroupIngress'),
    ]
    expect(rules.length).toBeGreaterThan(0)
    expect(rules.filter((rule) => !rule.SourceSecurityGroupId)).toEqual([])
  })
})

describe('stores', () => {
  it('take MySQL loads over TLS, from IAM users, in private', () => {
    const [parameterGroup] = properties('AWS::RDS::DBParameterGroup')
    expect(parameterGroup).toMatchObject({
      Family: 'mysql8.4',
      Parameters: { local_infile: '1', require_secure_transport: '1' },
    })
    const [instance] = properties('AWS::RDS::DBInstance')
    expect(instance).toMatchObject({
      EnableIAMDatabaseAuthentication: true,
      PubliclyAccessible: false,
      StorageEncrypted: true,
      DBName: 'loans',
    })
  })

  it('keep no password of Redshift in the template', () => {
    const [namespace] = properties('AWS::RedshiftServerless::Namespace')
    expect(namespace).toMatchObject({ ManageAdminPassword: true, DbName: 'loans' })
    expect(namespace).not.toHaveProperty('AdminUserPassword')
    expect(namespace.IamRoles).toEqual([namespace.DefaultIamRoleArn])
  })

  it('encrypt task tokens and let them expire', () => {
    const jobs = properties('AWS::DynamoDB::Table').find(({ KeySchema }) => KeySchema[0].AttributeName === 'jobId')
    expect(jobs).toMatchObject({
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true },
    })
  })
})

describe('functions', () => {
  const functions = () => stack.ofType('AWS::Lambda::Function')

  it('are the tasks of the repository, one each', () => {
    const described = functions().map(([, { Properties }]) => Properties.Description)
    expect(described.sort()).toEqual(listTasks(root).map((task) => `tasks/${task}.ts`))
  })

  it('log to a group of their own that forgets', () => {
    const groups = functions().map(([, { Properties }]) => Properties.LoggingConfig?.LogGroup.Ref as string)
    expect(new Set(groups).size).toBe(functions().length)
    for (const group of groups) expect(stack.resources[group]?.Properties.RetentionInDays).toBe(30)
  })

  it('act under roles of their own; only the writers of Redshift are one user', () => {
    const tasksOf = Map.groupBy(functions(), ([, { Properties }]) => Properties.Role['Fn::GetAtt'][0] as string)
    const shared = [...tasksOf.values()]
      .filter((tasks) => tasks.length > 1)
      .map((tasks) => tasks.map(([, task]) => task.Properties.Description))
    expect(shared).toEqual([['tasks/batch/prepare-redshift.ts', 'tasks/batch/load-redshift.ts']])
    for (const role of tasksOf.keys()) expect(stack.resources[role]?.Properties.ManagedPolicyArns).toBeUndefined()
  })

  it('run on Node.js 24', () => {
    for (const [, { Properties }] of functions()) {
      // The layer with sharp is built for x86-64.
      const Architectures = [Properties.Layers ? 'x86_64' : 'arm64']
      expect(Properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures, Handler: 'index.handler' })
    }
  })

  it('bring sharp in a layer where they load it', () => {
    const loads = (task: string) =>
      stack
        .sourcesOf(task)
        .some((path) => /createRequire\(import\.meta\.url\)\('sharp'\)/.test(readFileSync(join(root, path), 'utf8')))
    const withLayer = functions().filter(([, { Properties }]) => Properties.Layers)
    expect(withLayer.length).toBeGreaterThan(0)
    for (const [, { Properties }] of functions()) {
      const task = Properties.Description.slice('tasks/'.length, -'.ts'.length)
      expect(Boolean(Properties.Layers), task).toBe(loads(task))
    }
  })

  it('get every environment variable that their task or what it imports reads', () => {
    const required = /\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+):\s*(?:required|z\.)(?!.*optional)/g
    for (const [, { Properties }] of functions()) {
      const task = Properties.Description.slice('tasks/'.length, -'.ts'.length)
      const own = readFileSync(join(root, `tasks/${task}.ts`), 'utf8')
      const sources = stack
        .sourcesOf(task)
        // It offers names that only who takes its schema reads.
        .filter((path) => path !== 'tasks/stream/resources.ts' || own.includes('streamEnvironment'))
        .map((path) => readFileSync(join(root, path), 'utf8'))
      const read = new Set(sources.flatMap((source) => [...source.matchAll(required)].map(([, name]) => name!)))
      const given = ['AWS_REGION', ...Object.keys(Properties.Environment?.Variables ?? {})]
      expect(
        [...read].filter((name) => !given.includes(name)),
        task,
      ).toEqual([])
      // Firehose tells the transformation all that it needs.
      if (task === 'stream/transform-records') expect(given).toEqual(['AWS_REGION'])
      else expect(read.size, task).toBeGreaterThan(0)
    }
  })
})

describe('workflows', () => {
  it('resolve every substitution of their definition, and define none that it does not use', () => {
    for (const [, { Properties }] of stack.ofType('AWS::StepFunctions::StateMachine')) {
      const workflow = kebabCase(String(Properties.StateMachineName).replace('Stepwell-', ''))
      const definition = readFileSync(join(root, 'definitions', `${workflow}.asl.json`), 'utf8')
      const used = new Set([...definition.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!))
      expect(Object.keys(Properties.DefinitionSubstitutions).sort()).toEqual([...used].sort())
    }
  })

  it('log no data, for task tokens are in it', () => {
    for (const machine of properties('AWS::StepFunctions::StateMachine')) {
      expect(machine.LoggingConfiguration).toMatchObject({ IncludeExecutionData: false, Level: 'ALL' })
    }
  })

  it('are on a schedule that is shipped disabled', () => {
    const schedules = properties('AWS::Scheduler::Schedule').filter(({ Target }) =>
      JSON.stringify(Target).includes('Machine'),
    )
    expect(schedules.map(({ State }) => stack.parameters[State.Ref]?.Default)).toEqual(
      stack.ofType('AWS::StepFunctions::StateMachine').map(() => 'DISABLED'),
    )
  })

  it('start by a signed POST to the API, or a PUT to a name of their own', () => {
    const methods = properties('AWS::ApiGateway::Method').filter(
      ({ AuthorizationType }) => AuthorizationType !== 'NONE',
    )
    for (const httpMethod of ['POST', 'PUT']) {
      expect(methods.filter(({ HttpMethod }) => HttpMethod === httpMethod)).toHaveLength(
        stack.ofType('AWS::StepFunctions::StateMachine').length,
      )
    }
    for (const method of methods) {
      expect(method).toMatchObject({ AuthorizationType: 'AWS_IAM', Integration: { Type: 'AWS' } })
      expect(JSON.stringify(method.Integration.Uri)).toContain('states:action/StartExecution')
      const template = JSON.stringify(method.Integration.RequestTemplates['application/json'])
      expect(template.includes("$input.params('name')")).toBe(method.HttpMethod === 'PUT')
    }
  })

  it('are the only things that nobody may reach unsigned, but for the classifier', () => {
    const open = properties('AWS::ApiGateway::Method').filter(({ AuthorizationType }) => AuthorizationType === 'NONE')
    expect(open.map(({ HttpMethod }) => HttpMethod).sort()).toEqual(['OPTIONS', 'POST'])
    expect(open.map(({ ResourceId }) => ResourceId.Ref)).toEqual([
      expect.stringMatching(/classify/),
      expect.stringMatching(/classify/),
    ])
  })

  it('hand over Hive scripts that exist', () => {
    const variables = properties('AWS::Lambda::Function').flatMap(({ Environment }) =>
      Object.keys(Environment?.Variables ?? {}),
    )
    const scripts = variables.filter((name) => name.endsWith('_SCRIPT')).map((name) => name.replace(/_SCRIPT$/, ''))
    const files = readdirSync(join(root, 'hql')).filter((file) => file.endsWith('.hql'))
    expect(scripts.map((name) => `${name.toLowerCase().replaceAll('_', '-')}.hql`).sort()).toEqual(files.sort())
  })
})

describe('events', () => {
  it('lead to what ends and cancels jobs and takes down what a stopped execution has made, and are kept when they cannot be delivered', () => {
    const rules = properties('AWS::Events::Rule')
    expect(rules.map(({ EventPattern }) => EventPattern['detail-type'][0]).sort()).toEqual([
      'EMR Cluster State Change',
      'EMR Step Status Change',
      'Redshift Data Statement Status Change',
      'SageMaker Endpoint State Change',
      'SageMaker Training Job State Change',
      // Jobs are cancelled, and what the stream workflow has made is taken down; its teardown makes nothing.
      ...stack
        .ofType('AWS::StepFunctions::StateMachine')
        .filter(([id]) => !id.startsWith('StreamTeardown'))
        .map(() => 'Step Functions Execution Status Change'),
    ])
    for (const rule of rules) expect(rule.Targets[0].DeadLetterConfig.Arn).toBeDefined()
  })

  it('are kept, too, when the function fails at them', () => {
    // The other targets are state machines, which an event starts at once.
    const called = new Set(
      properties('AWS::Events::Rule').flatMap(({ Targets }) => Targets[0].Arn['Fn::GetAtt']?.[0] ?? []),
    )
    const [[queue]] = stack.ofType('AWS::SQS::Queue') as [[string, unknown]]
    const configs = properties('AWS::Lambda::EventInvokeConfig')
    expect(new Set(configs.map(({ FunctionName }) => FunctionName.Ref))).toEqual(called)
    for (const { DestinationConfig } of configs)
      expect(DestinationConfig.OnFailure.Destination).toEqual({ 'Fn::GetAtt': [queue, 'Arn'] })
  })

  it('are healed by a schedule that is on', () => {
    const reconcile = properties('AWS::Scheduler::Schedule').filter(({ Target }) =>
      JSON.stringify(Target).includes('ReconcileJobs'),
    )
    expect(reconcile).toMatchObject([{ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' }])
  })
})

describe('monitoring', () => {
  it('has an alarm on the executions of each workflow, undelivered events, the disk of MySQL, the classifier and the stream, each told to the topic', () => {
    const topic = stack.ofType('AWS::SNS::Topic').map(([id]) => ({ Ref: id }))
    const alarms = properties('AWS::CloudWatch::Alarm')
    const ofStream = alarms.filter((alarm) => /AWS.(Kinesis|Firehose)/.test(JSON.stringify(alarm)))
    expect(ofStream).toHaveLength(6)
    expect(alarms).toHaveLength(stack.ofType('AWS::StepFunctions::StateMachine').length + ofStream.length + 3)
    for (const alarm of alarms) expect(alarm.AlarmActions).toEqual(topic)
  })

  it('tells the errors of APIs apart, by names of their own, and buys no metrics by method', () => {
    const names = properties('AWS::ApiGateway::RestApi').map(({ Name }) => Name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^Stepwell-/)
    for (const { MethodSettings } of properties('AWS::ApiGateway::Stage'))
      for (const settings of MethodSettings) expect(settings.MetricsEnabled ?? false).toBe(false)
    const [fails] = properties('AWS::CloudWatch::Alarm').filter(({ Namespace }) => Namespace === 'AWS/ApiGateway')
    expect(fails.Dimensions).toEqual([{ Name: 'ApiName', Value: 'Stepwell-Classifier' }])
  })

  it('watches as many metrics, and draws as many, as its cost is counted with', () => {
    const metrics = stack
      .ofType('AWS::CloudWatch::Alarm')
      .map(([, { Properties }]) =>
        Properties.Metrics ? Properties.Metrics.filter(({ MetricStat }: any) => MetricStat).length : 1,
      )
    expect(metrics.reduce((sum, count) => sum + count, 0)).toBe(DEPLOYED.alarmMetrics)
    // Redshift keeps a secret of its own.
    expect(stack.ofType('AWS::SecretsManager::Secret')).toHaveLength(DEPLOYED.secrets - 1)
    // A dashboard of more is none of the free ones.
    const [[, dashboard]] = stack.ofType('AWS::CloudWatch::Dashboard') as [[string, any]]
    const drawn = JSON.stringify(dashboard.Properties.DashboardBody).match(/\\"AWS\/\w+\\",/g)
    expect(drawn!.length).toBeGreaterThan(50)
  })

  it('lets alarms publish, though the topic has a policy of its own', () => {
    const [{ PolicyDocument }] = properties('AWS::SNS::TopicPolicy')
    expect(PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
      }),
    )
  })
})
