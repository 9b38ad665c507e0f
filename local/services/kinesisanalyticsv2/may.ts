/** The permissions of the operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisanalyticsv2.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay(store: Store) {
  return (operation: string, input: any): Permission[] => {
    const resource = operation === 'ListApplications' ? '*' : (input.ResourceARN ?? store.arnOf(input.ApplicationName))
    const role = input.ServiceExecutionRole ?? input.ServiceExecutionRoleUpdate
    const passing = role
      ? [
          {
            action: 'iam:PassRole',
            resource: role,
            context: { 'iam:PassedToService': 'kinesisanalytics.amazonaws.com' },
          },
        ]
      : []
    return [{ action: `kinesisanalytics:${operation}`, resource }, ...passing]
  }
}
