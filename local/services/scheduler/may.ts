/** The permissions of Scheduler (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay({ cloud }: Store) {
  return function may(operation: string, input: any): Permission[] {
    const action = `scheduler:${operation}`
    if (operation.startsWith('List')) return [{ action, resource: '*' }]
    if (operation.endsWith('Group'))
      return [{ action, resource: cloud.arn('scheduler', `schedule-group/${input.Name}`) }]
    const resource = cloud.arn('scheduler', `schedule/${input.GroupName ?? 'default'}/${input.Name}`)
    const role: string | undefined = input.Target?.RoleArn
    return [
      { action, resource },
      ...(role === undefined
        ? []
        : [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'scheduler.amazonaws.com' } }]),
    ]
  }
}
