/** Amazon SNS: what is published is kept and said in the log; subscribed functions are invoked. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { topicOperations } from './operations.ts'
import { publishOperations } from './publish.ts'
import { topicResources } from './resources.ts'
import { createStore } from './store.ts'

export function createSns(cloud: Cloud): Service {
  const store = createStore(cloud)
  return {
    name: 'sns',
    schemas: () => import('@aws-sdk/client-sns'),
    operations: { ...topicOperations(store), ...publishOperations(store) },
    may: createMay(store),
    resources: topicResources(store),
  }
}
