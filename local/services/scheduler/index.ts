/** Amazon EventBridge Scheduler: calls a target at the times of a schedule, as the schedule's role. */
import type { Cloud } from '../../cloud.ts'
import { createDeliveries } from '../../delivery.ts'
import type { Service } from '../../gateway/service.ts'
import { createInvocation } from './invoke.ts'
import { createMay } from './may.ts'
import { createOperations } from './operations.ts'
import { scheduleResources } from './resources.ts'
import { createStore } from './store.ts'
import { createTimers } from './timers.ts'

export function createScheduler(cloud: Cloud): Service {
  const store = createStore(cloud)
  const deliveries = createDeliveries()
  const timers = createTimers(store, createInvocation(cloud, deliveries))
  return {
    name: 'scheduler',
    schemas: () => import('@aws-sdk/client-scheduler'),
    operations: createOperations(store),
    may: createMay(store),
    resources: scheduleResources(store),
    start: timers.start,
    drain: deliveries.drain,
    async close() {
      timers.close()
      await deliveries.close()
    },
  }
}
