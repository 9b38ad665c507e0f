/** Amazon CloudWatch Logs: a stream is a file to which events are appended. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { publishMetrics } from './embedded-metrics.ts'
import { eventOperations } from './events.ts'
import { groupOperations } from './groups.ts'
import { createMay } from './may.ts'
import { queryOperations } from './queries.ts'
import { logResources } from './resources.ts'
import { createStore } from './store.ts'

const hourMillis = 3600 * 1000

export function createLogs(cloud: Cloud): Service {
  const store = createStore(cloud)
  let timer: NodeJS.Timeout | undefined
  let publishing: Promise<void> = Promise.resolve()
  const publish = (messages: string[]) => {
    publishing = publishing.then(() => publishMetrics(cloud, messages))
  }
  return {
    name: 'logs',
    schemas: () => import('@aws-sdk/client-cloudwatch-logs'),
    operations: { ...groupOperations(store), ...eventOperations(store, publish), ...queryOperations(store) },
    may: createMay(store),
    resources: logResources(store),
    start() {
      store.expire(Date.now())
      timer ??= setInterval(() => store.expire(Date.now()), hourMillis).unref()
    },
    close() {
      clearInterval(timer)
      timer = undefined
      return publishing
    },
  }
}
