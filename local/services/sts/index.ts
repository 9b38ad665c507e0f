/** AWS STS: who am I, and sessions of roles. */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { Call, Operation, Permission, Service } from '../../gateway/service.ts'

const defaultSeconds = 3600
const shortest = 900
const longest = 43_200

export function createSts(cloud: Cloud): Service {
  const operations: Record<string, Operation> = {
    GetCallerIdentity(_input, { principal }) {
      const UserId = principal.admin ? cloud.account : `AROALOCAL:${principal.arn.split('/').at(-1)}`
      return { Account: cloud.account, Arn: principal.arn, UserId }
    },

    AssumeRole({ RoleArn, RoleSessionName, DurationSeconds = defaultSeconds }, call) {
      if (DurationSeconds < shortest || DurationSeconds > longest)
        throw new AwsError(
          'ValidationError',
          `1 validation error detected: Value '${DurationSeconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between ${shortest} and ${longest}`,
          {},
          400,
        )
      const { principal, accessKeyId, secretAccessKey, sessionToken } = cloud.assumeRole(
        RoleArn,
        callerOf(cloud, RoleArn, call),
        RoleSessionName,
      )
      return {
        Credentials: {
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          SessionToken: sessionToken,
          Expiration: new Date(Date.now() + DurationSeconds * 1000),
        },
        AssumedRoleUser: { AssumedRoleId: `AROALOCAL:${RoleSessionName}`, Arn: principal.arn },
        PackedPolicySize: 0,
      }
    },
  }

  return {
    name: 'sts',
    schemas: () => import('@aws-sdk/client-sts'),
    operations,
    may(operation, input): Permission[] {
      return operation === 'AssumeRole' ? [{ action: 'sts:AssumeRole', resource: input.RoleArn }] : []
    },
  }
}

/**
 * Roles of the template trust services, and a person tries out what a service's role may do: so the administrator comes as the
 * service that the role trusts. Everyone else comes as who they are.
 */
function callerOf(cloud: Cloud, roleArn: string, { principal }: Call): string {
  if (!principal.admin) return principal.service ?? principal.arn
  const role = cloud.collection<{ trust: PolicyDocument }>('iam.roles').get(roleArn.split('/').at(-1) ?? '')
  const statements = role ? [role.trust.Statement].flat() : []
  for (const { Effect, Principal } of statements)
    if (Effect === 'Allow' && Principal !== '*' && Principal?.Service) return [Principal.Service].flat()[0]!
  return principal.arn
}
