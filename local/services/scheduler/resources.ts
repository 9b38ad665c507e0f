/** Schedules and groups of the template. */
import { z } from 'zod'
import type { ResourceType } from '../../gateway/service.ts'
import { keyOf, type Store } from './store.ts'

const properties = z.looseObject({
  Name: z.string().optional(),
  GroupName: z.string().default('default'),
  ScheduleExpression: z.string(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
})

export function scheduleResources(store: Store): Record<string, ResourceType> {
  const { cloud } = store
  const call = (operation: string, input: object) => cloud.call(cloud.admin, 'scheduler', operation, input)

  return {
    'AWS::Scheduler::Schedule': {
      async apply({ properties: given, previous, physicalName }) {
        const { Name = physicalName({ max: 64 }), ...rest } = properties.parse(given)
        const existing = store.schedules.get(keyOf({ group: rest.GroupName, name: Name }))
        const arn = cloud.arn('scheduler', `schedule/${rest.GroupName}/${Name}`)
        // A schedule that someone switched on or off by hand stays so until the template says something new.
        if (!existing || JSON.stringify(previous?.properties) !== JSON.stringify(given))
          await call(existing ? 'UpdateSchedule' : 'CreateSchedule', { ...rest, Name })
        return { ref: Name, attributes: { Arn: arn } }
      },
      async remove({ ref, properties: given }) {
        const schedule = store.schedules.get(keyOf({ group: given.GroupName ?? 'default', name: ref }))
        if (schedule) store.remove(schedule)
      },
    },

    'AWS::Scheduler::ScheduleGroup': {
      async apply({ properties: { Name: given }, physicalName }) {
        const Name = given ?? physicalName({ max: 64 })
        if (!store.groups.get(Name)) await call('CreateScheduleGroup', { Name })
        return { ref: Name, attributes: { Arn: store.group(Name).arn, State: 'ACTIVE' } }
      },
      async remove({ ref }) {
        if (store.groups.get(ref)) await call('DeleteScheduleGroup', { Name: ref })
      },
    },
  }
}
