/** Amazon EMR on EC2: clusters that run Hive scripts as steps, on engines/hive. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { clusterOperations } from './clusters.ts'
import { Events } from './events.ts'
import { createMay } from './may.ts'
import { type Pace, Runner } from './runner.ts'
import { stepOperations } from './steps.ts'
import { createStore } from './store.ts'

const PACE: Pace = { starting: 20, idleSecond: 1000 }

export function createElasticMapReduce(cloud: Cloud, pace: Pace = PACE): Service {
  const store = createStore(cloud)
  const events = new Events(cloud)
  const runner = new Runner(store, events, pace)
  return {
    name: 'elasticmapreduce',
    schemas: () => import('@aws-sdk/client-emr'),
    operations: { ...clusterOperations(store, runner), ...stepOperations(store, runner) },
    may: createMay(store),
    async start() {
      await runner.bury()
    },
    drain: () => events.drain(),
    async close() {
      await runner.close()
      await events.settled()
    },
  }
}
