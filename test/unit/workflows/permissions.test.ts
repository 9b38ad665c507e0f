import { App, Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { beforeAll, describe, expect, it } from 'vitest'
import { allow, WildcardError } from '../../../workflows/allow.ts'
import { type SynthesizedStack, synthesizedStack } from './stepwell.ts'

interface Grant {
  policy: string
  actions: string[]
  resources: unknown[]
  condition?: Record<string, Record<string, unknown>>
}

/** Actions that AWS authorizes on `*` only, or on things whose names are not known before they exist. */
const actionsOnEverything: Record<string, string> = {
  'cloudwatch:GetMetricData': 'knows no resource',
  'cloudwatch:PutMetricData': 'knows no resource; a condition names the namespaces',
  'ec2:AssignPrivateIpAddresses': 'network interfaces of functions in the VPC',
  'ec2:CreateNetworkInterface': 'network interfaces of functions in the VPC',
  'ec2:DeleteNetworkInterface': 'network interfaces of functions in the VPC',
  'ec2:DescribeNetworkInterfaces': 'knows no resource',
  'ec2:DescribeSubnets': 'knows no resource',
  'ec2:UnassignPrivateIpAddresses': 'network interfaces of functions in the VPC',
  'ecr:GetAuthorizationToken': 'knows no resource',
  'elasticmapreduce:ListClusters': 'knows no resource',
  'elasticmapreduce:RunJobFlow': 'the cluster does not exist yet',
  'kinesisanalytics:CreateApplication': 'knows no resource',
  'logs:CreateLogDelivery': 'log delivery of Step Functions knows no resource',
  'logs:DeleteLogDelivery': 'log delivery of Step Functions knows no resource',
  'logs:DescribeLogGroups': 'log delivery of Step Functions knows no resource',
  'logs:DescribeResourcePolicies': 'log delivery of Step Functions knows no resource',
  'logs:GetLogDelivery': 'log delivery of Step Functions knows no resource',
  'logs:ListLogDeliveries': 'log delivery of Step Functions knows no resource',
  'logs:PutResourcePolicy': 'log delivery of Step Functions knows no resource',
  'logs:UpdateLogDelivery': 'log delivery of Step Functions knows no resource',
  'redshift-data:CancelStatement': 'statements have no ARN',
  'redshift-data:DescribeStatement': 'statements have no ARN',
  'redshift-data:GetStatementResult': 'statements have no ARN',
  'sagemaker:ListEndpointConfigs': 'knows no resource',
  'sagemaker:ListModels': 'knows no resource',
  'xray:GetSamplingRules': 'knows no resource',
  'xray:GetSamplingTargets': 'knows no resource',
  'xray:PutTelemetryRecords': 'knows no resource',
  'xray:PutTraceSegments': 'knows no resource',
}

const list = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value])

describe('permissions', () => {
  let stack: SynthesizedStack
  let grants: Grant[]

  beforeAll(async () => {
    stack = await synthesizedStack()
    grants = stack.ofType('AWS::IAM::Policy').flatMap(([policy, { Properties }]) =>
      (Properties.PolicyDocument.Statement as any[]).map((statement) => ({
        policy,
        actions: list<string>(statement.Action),
        resources: list<unknown>(statement.Resource),
        condition: statement.Condition,
      })),
    )
  }, 60_000)

  it('name every action in full', () => {
    expect(grants.length).toBeGreaterThan(50)
    expect(grants.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([])
  })

  it('reach everything only where AWS knows nothing narrower', () => {
    const wide = grants.filter(({ resources }) => resources.includes('*')).flatMap(({ actions }) => actions)
    expect([...new Set(wide)].sort()).toEqual(Object.keys(actionsOnEverything).sort())
  })

  it('pass a role to the one service that it is for', () => {
    const passing = grants.filter(({ actions }) => actions.includes('iam:PassRole'))
    expect(passing.length).toBeGreaterThanOrEqual(3)
    for (const { actions, condition, resources } of passing) {
      expect(actions).toEqual(['iam:PassRole'])
      expect(resources).toHaveLength(1)
      expect(Object.values(condition ?? {}).map((test) => test['iam:PassedToService'])).toEqual([
        expect.stringMatching(/^(ec2|elasticmapreduce|firehose|kinesisanalytics|sagemaker)\./),
      ])
    }
  })

  it('let one function alone read the master secret of the database', () => {
    const [attachment] = stack.ofType('AWS::SecretsManager::SecretTargetAttachment').map(([id]) => id)
    const readers = grants.filter(({ resources }) => resources.some((resource: any) => resource.Ref === attachment))
    expect(readers.map(({ policy }) => policy)).toEqual([expect.stringMatching(/^BatchPrepareMysql/)])
  })

  it('let a state machine invoke just the functions that its definition names', () => {
    const invoking = grants.filter(({ actions }) => actions.includes('lambda:InvokeFunction'))
    const machines = stack.ofType('AWS::StepFunctions::StateMachine')
    for (const [id, { Properties }] of machines) {
      const [role] = Properties.RoleArn['Fn::GetAtt'] as string[]
      const grant = invoking.find(({ policy }) => policy.startsWith(role!.replace(/\w{8}$/, '')))
      expect(grant?.resources, id).toEqual(expect.arrayContaining(Object.values(Properties.DefinitionSubstitutions)))
      expect(grant?.resources, id).toHaveLength(Object.keys(Properties.DefinitionSubstitutions).length)
    }
    const others = invoking.filter(
      ({ policy }) => !/^(Batch|Stream|StreamTeardown|Model|ModelTeardown)Role/.test(policy),
    )
    expect(others.map(({ policy }) => policy.replace(/DefaultPolicy\w+$/, ''))).toEqual([
      'JobsReconcileRole',
      'StreamDeliveryRole',
      'StreamProducerScheduleRole',
    ])
  })

  it('let only services of AWS assume roles', () => {
    for (const [id, { Properties }] of stack.ofType('AWS::IAM::Role')) {
      for (const { Principal } of Properties.AssumeRolePolicyDocument.Statement) {
        expect(Object.keys(Principal), id).toEqual(['Service'])
      }
    }
  })
})

describe('allow', () => {
  const role = () =>
    new Role(new Stack(new App(), 'Stack'), 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })

  it('refuses an action with a wildcard', () => {
    expect(() => allow(role(), ['s3:Get*'], ['arn:aws:s3:::b/k'])).toThrow(WildcardError)
  })

  it('refuses a resource with a wildcard and no reason, and takes it with one', () => {
    expect(() => allow(role(), ['s3:GetObject'], ['arn:aws:s3:::b/*'])).toThrow(/Role is granted arn:aws:s3:::b\/\*/)
    expect(() => allow(role(), ['s3:GetObject'], ['arn:aws:s3:::b/*'], { because: 'Keys vary.' })).not.toThrow()
  })
})
