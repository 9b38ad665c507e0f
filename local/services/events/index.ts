/** Amazon EventBridge: events go from the default bus to the targets of the rules that match. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createDelivery } from './delivery.ts'
import { createMay } from './may.ts'
import { eventOperations } from './put-events.ts'
import { ruleResources } from './resources.ts'
import { ruleOperations } from './rules.ts'
import { createSchedules } from './schedules.ts'
import { createStore } from './store.ts'

export function createEvents(cloud: Cloud): Service {
  const store = createStore(cloud)
  const delivery = createDelivery(cloud)
  const schedules = createSchedules(store, delivery)
  return {
    name: 'events',
    schemas: () => import('@aws-sdk/client-eventbridge'),
    operations: { ...eventOperations(store, delivery), ...ruleOperations(store) },
    may: createMay(store),
    resources: ruleResources(store),
    start() {
      schedules.start()
      delivery.resume(store)
    },
    drain: delivery.drain,
    async close() {
      schedules.close()
      await delivery.close()
    },
  }
}
