/** The permissions of RDS (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html). */
import type { Cloud } from '../../cloud.ts'
import type { Permission } from '../../gateway/service.ts'

export function createMay(cloud: Cloud) {
  return function may(operation: string, input: any): Permission[] {
    const kind = operation === 'DescribeDBParameterGroups' ? 'pg' : 'db'
    const name: string = (kind === 'pg' ? input.DBParameterGroupName : input.DBInstanceIdentifier) ?? '*'
    return [
      { action: `rds:${operation}`, resource: name.startsWith('arn:') ? name : cloud.arn('rds', `${kind}:${name}`) },
    ]
  }
}
