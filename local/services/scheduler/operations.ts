/** The operations of EventBridge Scheduler. */
import { parseSchedule } from '../../engines/schedule/expression.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { type Group, keyOf, type Schedule, type Store } from './store.ts'

export function createOperations(store: Store): Record<string, Operation> {
  const { cloud, schedules, groups } = store

  /** @throws AwsError ValidationException */
  function made(input: any, existing?: Schedule): Schedule {
    const { Name: name, GroupName: group = 'default', ScheduleExpression: expression, Target: target } = input
    if (!/^[\w.-]{1,64}$/.test(name ?? '')) throw invalid(`Invalid schedule name ${name}.`)
    store.group(group)
    const timezone = input.ScheduleExpressionTimezone ?? 'UTC'
    const now = new Date().toISOString()
    try {
      parseSchedule(expression, { anchor: new Date(now), timezone })
    } catch (error) {
      throw invalid(`Invalid Schedule Expression ${expression}. ${(error as Error).message}`)
    }
    if (!target?.Arn?.startsWith('arn:')) throw invalid(`Provided Arn ${target?.Arn} is not in correct format.`)
    if (!target.RoleArn?.startsWith('arn:')) throw invalid(`RoleArn ${target.RoleArn} is not in correct format.`)
    return {
      name,
      group,
      arn: cloud.arn('scheduler', `schedule/${group}/${name}`),
      state: input.State ?? 'ENABLED',
      expression,
      timezone,
      description: input.Description,
      start: input.StartDate && new Date(input.StartDate).toISOString(),
      end: input.EndDate && new Date(input.EndDate).toISOString(),
      flexible: input.FlexibleTimeWindow ?? { Mode: 'OFF' },
      target,
      afterCompletion: input.ActionAfterCompletion ?? 'NONE',
      created: existing?.created ?? now,
      modified: now,
    }
  }

  return {
    CreateSchedule(input) {
      const schedule = made(input)
      if (schedules.get(keyOf(schedule)))
        throw new AwsError('ConflictException', `Schedule ${schedule.name} already exists.`)
      store.save(schedule)
      return { ScheduleArn: schedule.arn }
    },

    /** Replaces the whole schedule: what is not given takes its default. */
    UpdateSchedule(input) {
      const schedule = made(input, store.schedule(input.Name, input.GroupName))
      store.save(schedule)
      return { ScheduleArn: schedule.arn }
    },

    GetSchedule({ Name, GroupName }) {
      const schedule = store.schedule(Name, GroupName)
      return {
        ...listed(schedule),
        ScheduleExpression: schedule.expression,
        ScheduleExpressionTimezone: schedule.timezone,
        FlexibleTimeWindow: schedule.flexible,
        Target: schedule.target,
        ActionAfterCompletion: schedule.afterCompletion,
        ...(schedule.description !== undefined && { Description: schedule.description }),
        ...(schedule.start && { StartDate: new Date(schedule.start) }),
        ...(schedule.end && { EndDate: new Date(schedule.end) }),
      }
    },

    ListSchedules({ GroupName, NamePrefix = '', State, MaxResults = 100, NextToken }) {
      const all = schedules
        .entries(GroupName === undefined ? '' : `${GroupName}/`)
        .filter(([, one]) => one.name.startsWith(NamePrefix) && (State === undefined || one.state === State))
        .filter(([key]) => NextToken === undefined || key > NextToken)
      const page = all.slice(0, MaxResults)
      return {
        Schedules: page.map(([, schedule]) => ({ ...listed(schedule), Target: { Arn: schedule.target.Arn } })),
        ...(all.length > page.length && { NextToken: page.at(-1)![0] }),
      }
    },

    DeleteSchedule({ Name, GroupName }) {
      store.remove(store.schedule(Name, GroupName))
      return {}
    },

    CreateScheduleGroup({ Name }) {
      if (groups.get(Name) || Name === 'default')
        throw new AwsError('ConflictException', `Schedule group ${Name} already exists.`)
      const arn = cloud.arn('scheduler', `schedule-group/${Name}`)
      groups.put(Name, { name: Name, arn, created: new Date().toISOString() })
      return { ScheduleGroupArn: arn }
    },

    GetScheduleGroup: ({ Name }) => shapeOfGroup(store.group(Name)),

    ListScheduleGroups({ NamePrefix = '' }) {
      const all = [store.group('default'), ...groups.entries().map(([, group]) => group)]
      return { ScheduleGroups: all.filter((group) => group.name.startsWith(NamePrefix)).map(shapeOfGroup) }
    },

    DeleteScheduleGroup({ Name }) {
      if (Name === 'default') throw invalid('The default schedule group cannot be deleted.')
      store.group(Name)
      for (const [, schedule] of schedules.entries(`${Name}/`)) store.remove(schedule)
      groups.delete(Name)
      return {}
    },
  }
}

const listed = (schedule: Schedule) => ({
  Arn: schedule.arn,
  Name: schedule.name,
  GroupName: schedule.group,
  State: schedule.state,
  CreationDate: new Date(schedule.created),
  LastModificationDate: new Date(schedule.modified),
})

const shapeOfGroup = ({ name, arn, created }: Group) => ({
  Name: name,
  Arn: arn,
  State: 'ACTIVE',
  CreationDate: new Date(created),
  LastModificationDate: new Date(created),
})

const invalid = (message: string) => new AwsError('ValidationException', message)
