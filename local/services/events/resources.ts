/** Rules of the template. */
import { z } from 'zod'
import type { ResourceType } from '../../gateway/service.ts'
import type { Store } from './store.ts'

const target = z.looseObject({ Id: z.string(), Arn: z.string() })
const properties = z.object({
  Name: z.string().optional(),
  Description: z.string().optional(),
  EventBusName: z.string().optional(),
  EventPattern: z.looseObject({}).optional(),
  ScheduleExpression: z.string().optional(),
  State: z.string().default('ENABLED'),
  RoleArn: z.string().optional(),
  Targets: z.array(target).default([]),
})

export function ruleResources(store: Store): Record<string, ResourceType> {
  const { cloud } = store
  const call = (operation: string, input: object) => cloud.call(cloud.admin, 'events', operation, input)

  return {
    'AWS::Events::Rule': {
      async apply({ properties: given, physicalName }) {
        const { Name = physicalName({ max: 64 }), Targets, EventPattern, State, ...rest } = properties.parse(given)
        const { RuleArn } = await call('PutRule', {
          ...rest,
          Name,
          State: State === 'DISABLED' ? 'DISABLED' : 'ENABLED',
          ...(EventPattern && { EventPattern: JSON.stringify(EventPattern) }),
        })
        const wanted = new Set(Targets.map((one) => one.Id))
        const old = store.rule(Name).targets.filter((one) => !wanted.has(one.Id))
        await call('RemoveTargets', { Rule: Name, Ids: old.map((one) => one.Id) })
        await call('PutTargets', { Rule: Name, Targets })
        return { ref: Name, attributes: { Arn: RuleArn } }
      },
      remove: ({ ref }) => call('DeleteRule', { Name: ref, Force: true }),
    },
  }
}
