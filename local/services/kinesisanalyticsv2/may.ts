/** The permissions of the operations (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonkinesisanalyticsv2.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

/** IAM knows no resource for these: an application has no ARN before it exists. */
const WITHOUT_RESOURCE = new Set(['CreateApplication', 'ListApplications'])

export function createMay(store: Store) {
  return (operation: string, input: any): Permission[] => {
    const resource = input.ResourceARN ?? store.arnOf(input.ApplicationName)
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
    const tagging =
      operation === 'CreateApplication' && input.Tags?.length > 0
        ? [{ action: 'kinesisanalytics:TagResource', resource }]
        : []
    const asked = WITHOUT_RESOURCE.has(operation) ? '*' : resource
    return [{ action: `kinesisanalytics:${operation}`, resource: asked }, ...tagging, ...passing]
  }
}
