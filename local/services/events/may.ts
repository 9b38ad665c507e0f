/** The permissions of EventBridge (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html). */
import type { Call, Permission } from '../../gateway/service.ts'
import type { Store, Target } from './store.ts'

export function createMay({ cloud }: Store) {
  const bus = cloud.arn('events', 'event-bus/default')

  return function may(operation: string, input: any, { principal }: Call): Permission[] {
    const action = `events:${operation}`
    if (operation === 'PutEvents') {
      // Services put the events of their own sources on the bus, without asking anybody.
      if (principal.service) return []
      const names: string[] = (input.Entries ?? []).map((entry: any) => entry.EventBusName ?? 'default')
      return [...new Set(names)].map((name) => ({
        action,
        resource: name.startsWith('arn:') ? name : cloud.arn('events', `event-bus/${name}`),
        context: { 'events:source': input.Entries[0]?.Source, 'events:detail-type': input.Entries[0]?.DetailType },
      }))
    }
    if (operation === 'DescribeEventBus') return [{ action, resource: bus }]
    if (operation === 'TestEventPattern' || operation === 'ListEventBuses' || operation === 'ListRuleNamesByTarget')
      return [{ action, resource: '*' }]
    const name: string | undefined = input.Rule ?? input.Name
    const roles: (string | undefined)[] = [
      input.RoleArn,
      ...(input.Targets ?? []).map((target: Target) => target.RoleArn),
    ]
    return [
      { action, resource: cloud.arn('events', `rule/${name ?? `${input.NamePrefix ?? ''}*`}`) },
      ...roles
        .filter((role) => role !== undefined)
        .map((role) => ({
          action: 'iam:PassRole',
          resource: role,
          context: { 'iam:PassedToService': 'events.amazonaws.com' },
        })),
    ]
  }
}
