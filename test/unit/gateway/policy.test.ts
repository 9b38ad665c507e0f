import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decideIdentity, decideResource, denialMessage, matches, trusts } from '../../../local/gateway/policy.ts'
import type { PolicyStatement, Principal } from '../../../local/gateway/principal.ts'

const session: Principal = {
  arn: 'arn:aws:sts::000000000000:assumed-role/Report/report',
  roleArn: 'arn:aws:iam::000000000000:role/Report',
  policies: () => [],
}
const lambda: Principal = { arn: 'lambda.amazonaws.com', service: 'lambda.amazonaws.com', policies: () => [] }

function decideOne(statement: Partial<PolicyStatement>, action: string, resource: string, context = {}) {
  return decideIdentity([{ Statement: { Effect: 'Allow', ...statement } }], { action, resource, context })
}

describe('IAM identity policies', () => {
  it.each([
    ['an exact action and resource', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/b' }, 'Allow'],
    ['an action in other letters', { Action: 'S3:getobject', Resource: '*' }, 'Allow'],
    ['a wildcard in the action', { Action: 's3:Get*', Resource: 'arn:aws:s3:::a/*' }, 'Allow'],
    ['a question mark for one character', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::?/b' }, 'Allow'],
    ['another resource', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::a/c' }, 'ImplicitDeny'],
    ['NotAction of another action', { NotAction: 's3:Put*', Resource: '*' }, 'Allow'],
    ['NotResource of this resource', { Action: '*', NotResource: 'arn:aws:s3:::a/*' }, 'ImplicitDeny'],
    ['a deny', { Effect: 'Deny' as const, Action: '*', Resource: '*' }, 'ExplicitDeny'],
  ])('decides on %s', (_, statement, expected) => {
    expect(decideOne(statement as Partial<PolicyStatement>, 's3:GetObject', 'arn:aws:s3:::a/b')).toBe(expected)
  })

  it('lets an explicit deny win over any allow', () => {
    const policies = [
      { Statement: [{ Effect: 'Allow' as const, Action: '*', Resource: '*' }] },
      { Statement: [{ Effect: 'Deny' as const, Action: 's3:DeleteObject', Resource: '*' }] },
    ]
    expect(decideIdentity(policies, { action: 's3:DeleteObject', resource: 'arn:aws:s3:::a/b', context: {} })).toBe(
      'ExplicitDeny',
    )
    expect(decideIdentity(policies, { action: 's3:GetObject', resource: 'arn:aws:s3:::a/b', context: {} })).toBe(
      'Allow',
    )
  })

  it.each([
    [
      'StringEquals',
      { 'iam:PassedToService': 'ec2.amazonaws.com' },
      { 'iam:PassedToService': 'ec2.amazonaws.com' },
      'Allow',
    ],
    ['StringEquals', { 'iam:PassedToService': ['a', 'b'] }, { 'iam:PassedToService': 'b' }, 'Allow'],
    ['StringEquals', { 'IAM:passedtoservice': 'a' }, { 'iam:PassedToService': 'a' }, 'Allow'],
    ['StringEquals', { 'iam:PassedToService': 'a' }, {}, 'ImplicitDeny'],
    ['StringEqualsIfExists', { 'iam:PassedToService': 'a' }, {}, 'Allow'],
    ['StringNotEquals', { x: 'a' }, { x: 'a' }, 'ImplicitDeny'],
    ['StringNotEquals', { x: 'a' }, {}, 'Allow'],
    ['StringLike', { 's3:prefix': 'raw/*' }, { 's3:prefix': 'raw/1999' }, 'Allow'],
    [
      'ArnLike',
      { 'aws:SourceArn': 'arn:aws:events:*:*:rule/*' },
      { 'aws:SourceArn': 'arn:aws:events:us-east-1:0:rule/x' },
      'Allow',
    ],
    ['Bool', { 'aws:SecureTransport': 'true' }, { 'aws:SecureTransport': 'true' }, 'Allow'],
    ['Null', { 'aws:TokenIssueTime': 'true' }, {}, 'Allow'],
    ['NumericLessThanEquals', { 's3:max-keys': '10' }, { 's3:max-keys': '11' }, 'ImplicitDeny'],
    ['ForAllValues:StringEquals', { 'aws:TagKeys': ['a', 'b'] }, { 'aws:TagKeys': ['a', 'c'] }, 'ImplicitDeny'],
    ['ForAnyValue:StringNotEquals', { 'aws:TagKeys': 'a' }, {}, 'ImplicitDeny'],
    ['ArnLike', { x: 'arn:aws:sns:*:0:*' }, { x: 'arn:aws:sns:us-east-1:0:a:b' }, 'Allow'],
    ['ArnLike', { x: 'arn:aws:sns:*:t' }, { x: 'arn:aws:sns:us-east-1:0:t' }, 'ImplicitDeny'],
    ['StringEquals', { owner: '${aws:PrincipalArn}' }, { owner: 'r', 'aws:PrincipalArn': 'r' }, 'Allow'],
    ['ForAnyValue:StringEquals', { 'aws:TagKeys': ['a', 'b'] }, { 'aws:TagKeys': ['a', 'c'] }, 'Allow'],
  ])('holds the condition %s %o against %o', (operator, keys, context, expected) => {
    const statement = { Action: '*', Resource: '*', Condition: { [operator]: keys } }
    expect(decideOne(statement, 'iam:PassRole', '*', context)).toBe(expected)
  })

  it('refuses a condition operator that it does not know, instead of letting it pass', () => {
    const statement = { Action: '*', Resource: '*', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }
    expect(() => decideOne(statement, 's3:GetObject', '*')).toThrow(/IpAddress/)
  })

  it('matches wildcards as a regular expression would, in bounded time', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '*', '?'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, fc.boolean(), (pattern, text, ignoreCase) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('?', '.')
        return matches(pattern, text, ignoreCase) === new RegExp(`^${source}$`, ignoreCase ? 'i' : '').test(text)
      }),
      { numRuns: 2000 },
    )
    expect(matches(`${'a*'.repeat(40)}b`, 'a'.repeat(5000))).toBe(false)
  })

  it('treats every character but * and ? as itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const plain = text.replaceAll(/[*?]/g, '')
        return matches(plain, plain) && !matches(plain, `${plain}x`)
      }),
    )
  })
})

describe('resource and trust policies', () => {
  it('names a service, an account, a role or a session', () => {
    const policyFor = (named: PolicyStatement['Principal']) => ({
      Statement: { Effect: 'Allow' as const, Principal: named!, Action: 'lambda:InvokeFunction', Resource: '*' },
    })
    const question = {
      action: 'lambda:InvokeFunction',
      resource: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      context: {},
    }
    expect(decideResource(policyFor({ Service: 'lambda.amazonaws.com' }), lambda, question)).toBe('Allow')
    expect(decideResource(policyFor({ Service: 'events.amazonaws.com' }), lambda, question)).toBe('ImplicitDeny')
    expect(decideResource(policyFor({ AWS: session.roleArn! }), session, question)).toBe('Allow')
    expect(decideResource(policyFor({ AWS: '111111111111' }), session, question)).toBe('ImplicitDeny')
  })

  it('leave it to identity policies where they allow an account, and deny to everybody in it', () => {
    const question = { action: 's3:GetObject', resource: 'arn:aws:s3:::a/b', context: {} }
    const policy = (Effect: 'Allow' | 'Deny', named: Partial<PolicyStatement>) => ({
      Statement: { Effect, Action: '*', Resource: '*', ...named },
    })
    for (const AWS of ['000000000000', 'arn:aws:iam::000000000000:root']) {
      expect(decideResource(policy('Allow', { Principal: { AWS } }), session, question)).toBe('ImplicitDeny')
      expect(decideResource(policy('Deny', { Principal: { AWS } }), session, question)).toBe('ExplicitDeny')
    }
    const others = policy('Deny', { NotPrincipal: { AWS: session.roleArn! } })
    expect(decideResource(others, session, question)).toBe('ImplicitDeny')
    expect(decideResource(others, lambda, question)).toBe('ExplicitDeny')
  })

  it('lets only the trusted service assume a role', () => {
    const trust = {
      Statement: { Effect: 'Allow' as const, Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    }
    expect(trusts(trust, lambda, {})).toBe(true)
    expect(trusts(trust, { ...lambda, service: 'ec2.amazonaws.com' }, {})).toBe(false)
  })
})

it('names principal, action and resource in the denial, as IAM does', () => {
  expect(denialMessage(session, 's3:GetObject', '"arn:aws:s3:::a/b"', 'ImplicitDeny')).toBe(
    'User: arn:aws:sts::000000000000:assumed-role/Report/report is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::a/b" because no identity-based policy allows the s3:GetObject action',
  )
})
