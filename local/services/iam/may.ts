/** The permissions of IAM's operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay({ roles, profiles, arn }: Store) {
  return function may(operation: string, input: any): Permission[] {
    return [{ action: `iam:${operation}`, resource: resourceOf(input) }]
  }

  function resourceOf({ RoleName, PolicyArn, InstanceProfileName, PolicySourceArn }: any): string {
    if (RoleName !== undefined) return roles.get(RoleName)?.arn ?? arn('role', '/', RoleName)
    if (InstanceProfileName !== undefined)
      return profiles.get(InstanceProfileName)?.arn ?? arn('instance-profile', '/', InstanceProfileName)
    return PolicyArn ?? PolicySourceArn ?? '*'
  }
}
