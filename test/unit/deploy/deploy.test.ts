import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DeployError, deploy, physicalName } from '../../../local/deploy/deploy.ts'
import { Resolver, TemplateError } from '../../../local/deploy/intrinsics.ts'
import { CircularDependencyError, dependencyOrder, type Template } from '../../../local/deploy/template.ts'
import type { ResourceType } from '../../../local/gateway/service.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'

const parameters = { 'AWS::Region': 'us-east-1', 'AWS::AccountId': '000000000000', Stage: 'test' }

function resolverFor(template: Partial<Template>, exported: Record<string, string> = {}) {
  const made = new Map([['Bucket', { ref: 'raw', attributes: { Arn: 'arn:aws:s3:::raw' } }]])
  return new Resolver({
    template: { Resources: { Bucket: { Type: 'AWS::S3::Bucket' } }, ...template },
    parameters,
    made,
    exported,
  })
}

describe('intrinsic functions', () => {
  it.each([
    ['Ref of a parameter', { Ref: 'Stage' }, 'test'],
    ['Ref of a resource', { Ref: 'Bucket' }, 'raw'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'arn:aws:s3:::raw'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Bucket.Arn' }, 'arn:aws:s3:::raw'],
    ['Join', { 'Fn::Join': ['', ['a', { Ref: 'Stage' }, 'c']] }, 'atestc'],
    ['Select of GetAZs', { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] }, 'us-east-1b'],
    ['Split', { 'Fn::Split': ['/', 'a/b'] }, ['a', 'b']],
    [
      'Sub',
      { 'Fn::Sub': '${Stage}-${Bucket.Arn}-${!Literal}-${AWS::Region}' },
      'test-arn:aws:s3:::raw-${Literal}-us-east-1',
    ],
    ['Sub with variables', { 'Fn::Sub': ['${x}', { x: { Ref: 'Stage' } }] }, 'test'],
    ['If', { 'Fn::If': ['IsTest', 'yes', 'no'] }, 'yes'],
    ['FindInMap', { 'Fn::FindInMap': ['Images', { Ref: 'AWS::Region' }, 'id'] }, 'ami-1'],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
    ['ImportValue', { 'Fn::ImportValue': 'other-export' }, 'imported'],
    ['GetStackOutput', { 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'Name' } }, 'output'],
    ['NoValue inside of an object', { a: 1, b: { Ref: 'AWS::NoValue' } }, { a: 1 }],
    [
      'a policy Condition, which is no function',
      { Condition: { Bool: { x: 'true' } } },
      { Condition: { Bool: { x: 'true' } } },
    ],
  ])('%s', (_, value, expected) => {
    const resolver = resolverFor(
      {
        Conditions: { IsTest: { 'Fn::Equals': [{ Ref: 'Stage' }, 'test'] } },
        Mappings: { Images: { 'us-east-1': { id: 'ami-1' } } },
      },
      { 'other-export': 'imported', 'Other.Name': 'output' },
    )
    expect(resolver.resolve(value)).toEqual(expected)
  })

  it.each([
    ['an unknown function', { 'Fn::Cidr': ['10.0.0.0/16', 2, 8] }, /Fn::Cidr/],
    ['a Ref to nothing', { Ref: 'Missing' }, /"Missing"/],
    ['an attribute that is not given', { 'Fn::GetAtt': ['Bucket', 'Color'] }, /Bucket \(AWS::S3::Bucket\) for "Color"/],
  ])('says what is wrong with %s', (_, value, message) => {
    expect(() => resolverFor({}).resolve(value)).toThrow(message)
    expect(() => resolverFor({}).resolve(value)).toThrow(TemplateError)
  })
})

describe('dependency order', () => {
  it('puts what Ref, GetAtt, Sub and DependsOn name first', () => {
    const order = dependencyOrder({
      Resources: {
        Machine: {
          Type: 'M',
          Properties: { role: { 'Fn::GetAtt': ['Role', 'Arn'] }, text: { 'Fn::Sub': '${Table}' } },
          DependsOn: ['Policy'],
        },
        Policy: { Type: 'P', Properties: { roles: [{ Ref: 'Role' }] } },
        Role: { Type: 'R' },
        Table: { Type: 'T' },
      },
    })
    expect(order.indexOf('Machine')).toBe(3)
    expect(order.indexOf('Role')).toBeLessThan(order.indexOf('Policy'))
  })

  it('names the circle when there is one', () => {
    const template = {
      Resources: { A: { Type: 'T', DependsOn: 'B' }, B: { Type: 'T', Properties: { a: { Ref: 'A' } } } },
    }
    expect(() => dependencyOrder(template)).toThrow(new CircularDependencyError(['A', 'B', 'A']))
  })
})

describe('applying a template', () => {
  let cloud: TestCloud
  const made: string[] = []
  const removed: string[] = []
  const thing: ResourceType = {
    apply: ({ logicalId, properties, previous }) => {
      made.push(`${logicalId}${previous ? ' again' : ''}`)
      return { ref: properties.Name ?? logicalId, attributes: { Arn: `arn:${logicalId}` } }
    },
    remove: ({ ref }) => void removed.push(ref),
  }
  const apply = (template: Template, given: Record<string, string> = {}) =>
    deploy(cloud, { stack: 'S', template, parameters: given, types: new Map([['X::Y::Thing', thing]]), exported: {} })

  beforeEach(() => {
    cloud = testCloud()
    made.length = 0
    removed.length = 0
  })
  afterEach(() => cloud.dispose())

  it('makes resources, gives outputs, and updates them at the next boot', async () => {
    const template = {
      Resources: { A: { Type: 'X::Y::Thing' } },
      Outputs: { Arn: { Value: { 'Fn::GetAtt': ['A', 'Arn'] } } },
    }
    expect((await apply(template)).outputs).toEqual({ Arn: 'arn:A' })
    await apply(template)
    expect(made).toEqual(['A', 'A again'])
    expect(removed).toEqual([])
  })

  it('removes what has left the template, and what was replaced under another name', async () => {
    await apply({ Resources: { A: { Type: 'X::Y::Thing', Properties: { Name: 'one' } }, B: { Type: 'X::Y::Thing' } } })
    await apply({ Resources: { A: { Type: 'X::Y::Thing', Properties: { Name: 'two' } } } })
    expect(removed).toEqual(['one', 'B'])
  })

  it('leaves out resources whose condition does not hold', async () => {
    const template = {
      Parameters: { Big: { Type: 'String', Default: 'no' } },
      Conditions: { IsBig: { 'Fn::Equals': [{ Ref: 'Big' }, 'yes'] } },
      Resources: { A: { Type: 'X::Y::Thing', Condition: 'IsBig' } },
    }
    expect((await apply(template)).resources.size).toBe(0)
    expect((await apply(template, { Big: 'yes' })).resources.size).toBe(1)
  })

  it('names types that are accepted without being emulated', async () => {
    const template = {
      Resources: { Vpc: { Type: 'AWS::EC2::VPC' }, A: { Type: 'X::Y::Thing', Properties: { vpc: { Ref: 'Vpc' } } } },
    }
    const deployment = await apply(template)
    expect(deployment.accepted).toEqual({ 'AWS::EC2::VPC': 1 })
    expect(deployment.resources.get('A')!.properties.vpc).toMatch(/^vpc-[0-9a-f]{17}$/)
  })

  it('fails on a type that nobody makes, naming it', async () => {
    await expect(apply({ Resources: { Q: { Type: 'AWS::Neptune::DBCluster' } } })).rejects.toThrow(
      /Q has the type AWS::Neptune::DBCluster/,
    )
  })

  it('fails on a resource that cannot be applied, naming it and the reason', async () => {
    const failing: ResourceType = {
      apply: () => {
        throw new Error('no room')
      },
      remove: () => {},
    }
    const template = { Resources: { A: { Type: 'X::Y::Bad' } } }
    const sent = deploy(cloud, { stack: 'S', template, types: new Map([['X::Y::Bad', failing]]), exported: {} })
    await expect(sent).rejects.toThrow(new DeployError('A (X::Y::Bad) could not be applied: no room'))
  })

  it('resolves secrets for the resource but never writes them to its own record', async () => {
    cloud.fake('secretsmanager', { GetSecretValue: () => ({ SecretString: '{"password":"hunter2"}' }) })
    const given: any[] = []
    const database: ResourceType = {
      apply({ properties }) {
        given.push(properties)
        return { ref: 'db' }
      },
      remove: () => {},
    }
    const reference =
      '{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:0:secret:db-AbCdEf:SecretString:password::}}'
    const template = { Resources: { Db: { Type: 'X::Y::Db', Properties: { password: reference } } } }
    await deploy(cloud, { stack: 'S', template, types: new Map([['X::Y::Db', database]]), exported: {} })
    expect(given).toEqual([{ password: 'hunter2' }])
    expect(JSON.stringify(cloud.collection('cloudformation.S').entries())).not.toContain('hunter2')
  })

  it('refuses a parameter that the template does not have', async () => {
    await expect(apply({ Resources: {} }, { Nope: '1' })).rejects.toThrow(/no parameter Nope/)
  })
})

it('names resources as CloudFormation does, the same at every boot and within the length that is asked for', () => {
  expect(physicalName('Stepwell', 'RawBucket', { max: 30, lower: true })).toMatch(
    /^stepwell-rawbuck[a-z]*-[0-9a-f]{12}$/,
  )
  expect(physicalName('Stepwell', 'RawBucket', { max: 30 })).toHaveLength(30)
  expect(physicalName('S', 'A')).toBe(physicalName('S', 'A'))
})
