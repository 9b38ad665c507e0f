/** Schedules and their groups. */
import type { Cloud, Collection } from '../../cloud.ts'
import type { RetryPolicy } from '../../delivery.ts'
import { AwsError } from '../../gateway/aws-error.ts'

/** A target, as the API and CloudFormation have it. */
export interface Target {
  Arn: string
  RoleArn: string
  Input?: string
  RetryPolicy?: RetryPolicy
  DeadLetterConfig?: { Arn?: string }
  EventBridgeParameters?: { DetailType: string; Source: string }
}

export interface Schedule {
  name: string
  group: string
  arn: string
  state: 'ENABLED' | 'DISABLED'
  expression: string
  timezone: string
  description?: string
  /** ISO 8601, as all times here. */
  start?: string
  end?: string
  flexible: { Mode: string; MaximumWindowInMinutes?: number }
  target: Target
  afterCompletion: 'NONE' | 'DELETE'
  created: string
  modified: string
}

export interface Group {
  name: string
  arn: string
  created: string
}

export interface Store {
  readonly cloud: Cloud
  readonly schedules: Collection<Schedule>
  readonly groups: Collection<Group>
  /** @throws AwsError ResourceNotFoundException */
  schedule(name: string, group?: string): Schedule
  /** @throws AwsError ResourceNotFoundException */
  group(name?: string): Group
  save(schedule: Schedule): void
  remove(schedule: Schedule): void
  onChange(listener: (key: string, schedule?: Schedule) => void): void
}

export const keyOf = ({ group, name }: { group: string; name: string }) => `${group}/${name}`

export function createStore(cloud: Cloud): Store {
  const schedules = cloud.collection<Schedule>('scheduler.schedules')
  const groups = cloud.collection<Group>('scheduler.groups')
  const listeners: ((key: string, schedule?: Schedule) => void)[] = []
  const changed = (key: string, schedule?: Schedule) => {
    for (const listener of listeners) listener(key, schedule)
  }
  const store: Store = {
    cloud,
    schedules,
    groups,
    group(name = 'default') {
      const group = groups.get(name)
      if (group) return group
      if (name !== 'default') throw new AwsError('ResourceNotFoundException', `Schedule group ${name} does not exist.`)
      return { name, arn: cloud.arn('scheduler', 'schedule-group/default'), created: new Date(0).toISOString() }
    },
    schedule(name, group = 'default') {
      store.group(group)
      const schedule = schedules.get(keyOf({ group, name }))
      if (!schedule) throw new AwsError('ResourceNotFoundException', `Schedule ${name} does not exist.`)
      return schedule
    },
    save(schedule) {
      schedules.put(keyOf(schedule), schedule)
      changed(keyOf(schedule), schedule)
    },
    remove(schedule) {
      schedules.delete(keyOf(schedule))
      changed(keyOf(schedule))
    },
    onChange: (listener) => void listeners.push(listener),
  }
  return store
}
