import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { root, type SynthesizedStack, synthesizedStack } from './stepwell.ts'

let stack: SynthesizedStack
let distributionId: string
let config: any

beforeAll(async () => {
  stack = await synthesizedStack()
  const [[id, distribution]] = stack.ofType('AWS::CloudFront::Distribution') as [[string, any]]
  distributionId = id
  config = distribution.Properties.DistributionConfig
}, 60_000)

const originOf = (behaviour: any) => config.Origins.find(({ Id }: { Id: string }) => Id === behaviour.TargetOriginId)
const headersOf = (behaviour: any) =>
  stack.resources[behaviour.ResponseHeadersPolicyId.Ref]!.Properties.ResponseHeadersPolicyConfig.SecurityHeadersConfig

describe("the classifier's page", () => {
  it('comes from a private bucket that only its distribution reads', () => {
    const origin = originOf(config.DefaultCacheBehavior)
    const control = stack.resources[origin.OriginAccessControlId['Fn::GetAtt'][0]]!.Properties
    expect(control.OriginAccessControlConfig).toMatchObject({
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
    })
    const bucket = origin.DomainName['Fn::GetAtt'][0]
    expect(Object.values(stack.resources[bucket]!.Properties.PublicAccessBlockConfiguration)).toEqual(
      Array(4).fill(true),
    )
    const [, policy] = stack
      .ofType('AWS::S3::BucketPolicy')
      .find(([, { Properties }]) => Properties.Bucket.Ref === bucket)!
    const allowed = policy.Properties.PolicyDocument.Statement.filter(({ Effect }: any) => Effect === 'Allow')
    expect(allowed).toHaveLength(1)
    expect(allowed[0]).toMatchObject({
      Action: 's3:GetObject',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': expect.anything() } },
    })
    expect(JSON.stringify(allowed[0].Condition)).toContain(distributionId)
  })

  it('is read over HTTPS only, and starts at index.html', () => {
    expect(config.DefaultRootObject).toBe('index.html')
    expect(config.DefaultCacheBehavior.ViewerProtocolPolicy).toBe('redirect-to-https')
    expect(config.CacheBehaviors.map((behaviour: any) => behaviour.ViewerProtocolPolicy)).toEqual(['https-only'])
    for (const behaviour of [config.DefaultCacheBehavior, ...config.CacheBehaviors])
      expect(headersOf(behaviour).StrictTransportSecurity.AccessControlMaxAgeSec).toBeGreaterThanOrEqual(31_536_000)
  })

  it('finds the API on its own origin, under the path that config.json names', () => {
    const { api } = JSON.parse(readFileSync(join(root, 'web/classifier/config.json'), 'utf8'))
    const behaviour = config.CacheBehaviors.find(({ PathPattern }: { PathPattern: string }) => PathPattern === api)
    expect(behaviour).toMatchObject({ AllowedMethods: expect.arrayContaining(['POST']) })
    // A picture and its answer are kept by nobody: Managed-CachingDisabled.
    expect(behaviour.CachePolicyId).toBe('4135ea2d-6df8-44a3-9df3-4b5a84be39ad')
    expect(originOf(behaviour)).toMatchObject({
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginSSLProtocols: ['TLSv1.2'] },
    })
    const [[restApi]] = stack.ofType('AWS::ApiGateway::RestApi').filter(([id]) => id.includes('Classify')) as [
      [string, any],
    ]
    expect(JSON.stringify(originOf(behaviour).DomainName)).toContain(`"Ref":"${restApi}"`)
    const stages = stack
      .ofType('AWS::ApiGateway::Stage')
      .filter(([, { Properties }]) => Properties.RestApiId.Ref === restApi)
    expect(stages.map(([, { Properties }]) => `/${Properties.StageName}/classify`)).toEqual([api])
  })

  it('lets nothing run in it but its own files, here as on AWS', () => {
    const { ContentSecurityPolicy, FrameOptions, ContentTypeOptions, ReferrerPolicy } = headersOf(
      config.DefaultCacheBehavior,
    )
    const policy = ContentSecurityPolicy.ContentSecurityPolicy
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(FrameOptions.FrameOption).toBe('DENY')
    expect(ContentTypeOptions.Override).toBe(true)
    expect(ReferrerPolicy.ReferrerPolicy).toBe('no-referrer')
    // The local cloud serves the page under the same policy, so a page that breaks it fails its test in a browser.
    expect(readFileSync(join(root, 'local/classifier/index.ts'), 'utf8')).toContain(JSON.stringify(policy))
  })

  it('is the only one that a browser lets call the API from elsewhere', () => {
    const origin = { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [distributionId, 'DomainName'] }]] }
    const [, classify] = stack.ofType('AWS::Lambda::Function').find(([id]) => id.includes('ClassifyApiClassify'))!
    expect(classify.Properties.Environment.Variables.ALLOWED_ORIGIN).toEqual(origin)
    const options = stack
      .ofType('AWS::ApiGateway::Method')
      .filter(([id, { Properties }]) => id.includes('Classify') && Properties.HttpMethod === 'OPTIONS')
    expect(options).toHaveLength(1)
    const [answer] = options[0]![1].Properties.Integration.IntegrationResponses
    const allowed = answer.ResponseParameters['method.response.header.Access-Control-Allow-Origin']
    expect(JSON.stringify(allowed)).toContain(`"Fn::GetAtt":["${distributionId}","DomainName"]`)
    expect(JSON.stringify(allowed)).not.toContain('*')
  })

  it('costs nothing while nobody looks: no firewall, no certificate, no logs of its own', () => {
    expect(config.WebACLId).toBeUndefined()
    expect(config.Logging).toBeUndefined()
    expect(config.PriceClass).toBe('PriceClass_100')
  })

  it('tells where it is and where its files belong', () => {
    for (const name of [
      'ClassifierPageUrl',
      'ClassifierPageBucketName',
      'ClassifierPageDistributionId',
      'ClassifyApiUrl',
    ])
      expect(stack.outputs, name).toHaveProperty(name)
  })
})
