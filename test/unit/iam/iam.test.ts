import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIam, managedPolicy } from '../../../local/services/iam/index.ts'
import { createSts } from '../../../local/services/sts/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const iam = (operation: string, input: object = {}) => cloud.as('iam', operation, input)
const trust = (Service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
})
const allow = (Action: string) => ({ Statement: [{ Effect: 'Allow', Action, Resource: '*' }] })
const role = { RoleName: 'Task', AssumeRolePolicyDocument: trust('lambda.amazonaws.com') }
const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'

beforeEach(() => {
  cloud = testCloud()
  cloud.add(createIam(cloud))
  cloud.add(createSts(cloud))
})
afterEach(() => cloud.dispose())

const stored = () => cloud.collection<any>('iam.roles').get('Task')

describe('a role', () => {
  it('is kept by its name with its trust, inline and managed policies', async () => {
    const made = await cloud.deploy('AWS::IAM::Role', 'Task', {
      ...role,
      ManagedPolicyArns: [basic],
      Policies: [{ PolicyName: 'own', PolicyDocument: allow('s3:GetObject') }],
    })
    await cloud.deploy('AWS::IAM::Policy', 'More', {
      PolicyName: 'more',
      Roles: ['Task'],
      PolicyDocument: allow('s3:PutObject'),
    })

    expect(made).toMatchObject({ ref: 'Task', attributes: { Arn: 'arn:aws:iam::000000000000:role/Task' } })
    expect(stored()).toMatchObject({
      arn: 'arn:aws:iam::000000000000:role/Task',
      trust: role.AssumeRolePolicyDocument,
      inline: { own: allow('s3:GetObject'), more: allow('s3:PutObject') },
      managed: [basic],
    })
  })

  it('loses what the template no longer gives it, and keeps what others attached', async () => {
    const Policies = [{ PolicyName: 'own', PolicyDocument: allow('s3:GetObject') }]
    await cloud.deploy('AWS::IAM::Role', 'Task', { ...role, Policies, ManagedPolicyArns: [basic] })
    await cloud.deploy('AWS::IAM::Policy', 'More', {
      PolicyName: 'more',
      Roles: ['Task'],
      PolicyDocument: allow('a:B'),
    })

    await cloud.deploy('AWS::IAM::Role', 'Task', role)
    expect(stored()).toMatchObject({ inline: { more: allow('a:B') }, managed: [] })
    await cloud.undeploy('More')

    expect(stored().inline).toEqual({})
  })

  it('gets a name of at most 64 characters', async () => {
    const { ref } = await cloud.deploy('AWS::IAM::Role', 'A'.repeat(100), { ...role, RoleName: undefined })

    expect(ref.length).toBe(64)
  })

  it('can be looked at, with documents URL-encoded', async () => {
    await cloud.deploy('AWS::IAM::Role', 'Task', { ...role, ManagedPolicyArns: [basic] })
    await iam('PutRolePolicy', { RoleName: 'Task', PolicyName: 'p', PolicyDocument: JSON.stringify(allow('a:B*')) })

    const { Role } = await iam('GetRole', { RoleName: 'Task' })
    const { PolicyDocument } = await iam('GetRolePolicy', { RoleName: 'Task', PolicyName: 'p' })

    expect(JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument))).toEqual(role.AssumeRolePolicyDocument)
    expect(JSON.parse(decodeURIComponent(PolicyDocument))).toEqual(allow('a:B*'))
    expect(PolicyDocument).not.toContain('*')
    expect((await iam('ListRolePolicies', { RoleName: 'Task' })).PolicyNames).toEqual(['p'])
    expect((await iam('ListAttachedRolePolicies', { RoleName: 'Task' })).AttachedPolicies).toEqual([
      { PolicyArn: basic, PolicyName: 'AWSLambdaBasicExecutionRole' },
    ])
    expect((await failure(() => iam('GetRole', { RoleName: 'X' }))).message).toBe(
      'The role with name X cannot be found.',
    )
  })
})

describe('managed policies', () => {
  it('of the template are attached to roles and found by ARN', async () => {
    await cloud.deploy('AWS::IAM::Role', 'Task', role)
    const { ref } = await cloud.deploy('AWS::IAM::ManagedPolicy', 'Shared', {
      Roles: ['Task'],
      PolicyDocument: allow('a:B'),
    })

    expect(stored().managed).toEqual([ref])
    expect(cloud.collection<any>('iam.policies').get(ref).document).toEqual(allow('a:B'))
    await cloud.undeploy('Shared')
    expect(stored().managed).toEqual([])
  })

  it('of AWS are in the table, or are none', () => {
    expect(JSON.stringify(managedPolicy(basic))).toContain('logs:PutLogEvents')
    expect(managedPolicy('arn:aws:iam::aws:policy/constructor')).toBeUndefined()
    expect(managedPolicy('arn:aws:iam::aws:policy/Unknown')).toBeUndefined()
  })
})

describe('an instance profile', () => {
  it('names its roles by ARN', async () => {
    await cloud.deploy('AWS::IAM::Role', 'Task', role)
    await cloud.deploy('AWS::IAM::InstanceProfile', 'Profile', { InstanceProfileName: 'ec2', Roles: ['Task'] })

    expect(cloud.collection<any>('iam.instance-profiles').get('ec2').roles).toEqual([stored().arn])
    const { InstanceProfile } = await iam('GetInstanceProfile', { InstanceProfileName: 'ec2' })
    expect(InstanceProfile.Roles[0].RoleName).toBe('Task')
  })

  it('of a role that is not there fails', async () => {
    const error = await failure(() => cloud.deploy('AWS::IAM::InstanceProfile', 'P', { Roles: ['Nobody'] }))

    expect(error.name).toBe('NoSuchEntity')
  })
})

describe('STS', () => {
  it('tells who calls', async () => {
    const identity = await cloud.as('sts', 'GetCallerIdentity', {}, cloud.role('Task'))

    expect(identity).toMatchObject({
      Account: '000000000000',
      Arn: 'arn:aws:sts::000000000000:assumed-role/Task/session',
    })
  })

  it('gives the administrator sessions of roles that trust a service, and nobody else', async () => {
    await cloud.deploy('AWS::IAM::Role', 'Task', role)
    const input = { RoleArn: stored().arn, RoleSessionName: 'try' }

    const { Credentials, AssumedRoleUser } = await cloud.as('sts', 'AssumeRole', input)
    const error = await failure(() => cloud.as('sts', 'AssumeRole', input, cloud.role('Other')))

    expect(AssumedRoleUser.Arn).toBe('arn:aws:sts::000000000000:assumed-role/Task/try')
    expect(cloud.principalOf(Credentials.AccessKeyId)?.roleArn).toBe(stored().arn)
    expect(error.name).toBe('AccessDenied')
  })
})
