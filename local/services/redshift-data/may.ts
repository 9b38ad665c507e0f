/** The permissions of the Data API (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Namespaces } from './namespaces.ts'
import type { Records } from './records.ts'

/** Operations on a statement, which has no ARN. */
const ON_STATEMENTS = new Set(['DescribeStatement', 'GetStatementResult', 'CancelStatement', 'ListStatements'])

export function createMay(namespaces: Namespaces, records: Records) {
  return function may(operation: string, input: any): Permission[] {
    const action = `redshift-data:${operation}`
    if (ON_STATEMENTS.has(operation)) {
      const owner = typeof input.Id === 'string' ? records.find(input.Id.split(':')[0] ?? '')?.principal : undefined
      const context = owner ? { 'redshift-data:statement-owner-iam-userid': owner } : {}
      return [{ action, resource: '*', context }]
    }
    // A session was opened by a statement on its workgroup, under the same check.
    const workgroup =
      typeof input.WorkgroupName === 'string' ? namespaces.findWorkgroup(input.WorkgroupName) : undefined
    const resource = workgroup?.arn ?? '*'
    if (input.SessionId) return [{ action, resource }]
    const connect: Permission = input.SecretArn
      ? { action: 'secretsmanager:GetSecretValue', resource: input.SecretArn }
      : { action: 'redshift-serverless:GetCredentials', resource }
    return [{ action, resource }, connect]
  }
}
