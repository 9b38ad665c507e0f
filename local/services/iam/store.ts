/** Roles, managed policies and instance profiles, as the gateway reads them for its decisions. */
import { createHash } from 'node:crypto'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'

export interface Role {
  arn: string
  name: string
  path: string
  /** ISO 8601. */
  created: string
  description?: string
  /** Seconds. */
  maxSession: number
  trust: PolicyDocument
  /** Inline policies by name, of the role itself and of `AWS::IAM::Policy`. */
  inline: Record<string, PolicyDocument>
  /** ARNs of managed policies, AWS's and the template's. */
  managed: string[]
}

export interface ManagedPolicy {
  arn: string
  name: string
  path: string
  created: string
  description?: string
  document: PolicyDocument
}

export interface InstanceProfile {
  arn: string
  name: string
  path: string
  created: string
  /** ARNs. */
  roles: string[]
}

export interface Store {
  readonly cloud: Cloud
  /** By name. */
  readonly roles: Collection<Role>
  /** By ARN. */
  readonly policies: Collection<ManagedPolicy>
  /** By name. */
  readonly profiles: Collection<InstanceProfile>
  /** @throws AwsError NoSuchEntity */
  role(name: string): Role
  arn(kind: string, path: string, name: string): string
}

export function createStore(cloud: Cloud): Store {
  const roles = cloud.collection<Role>('iam.roles')
  return {
    cloud,
    roles,
    policies: cloud.collection('iam.policies'),
    profiles: cloud.collection('iam.instance-profiles'),
    role(name) {
      const role = roles.get(name)
      if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`)
      return role
    },
    arn: (kind, path, name) => `arn:aws:iam::${cloud.account}:${kind}${path}${name}`,
  }
}

export const noSuchEntity = (message: string) => new AwsError('NoSuchEntity', message, {}, 404)

/** `AROA…`, `ANPA…`, `AIPA…`: the same at every boot. */
export function idOf(prefix: 'AROA' | 'ANPA' | 'AIPA', arn: string): string {
  return prefix + createHash('sha256').update(arn).digest('hex').toUpperCase().slice(0, 17)
}
