/** Managed Service for Apache Flink (the API is called Kinesis Analytics v2): applications that are a Flink SQL script. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { createOperations } from './operations.ts'
import { Runner, type RunnerOptions } from './runner.ts'
import { Store } from './store.ts'

export function createKinesisAnalytics(cloud: Cloud, options: RunnerOptions = {}): Service {
  const store = new Store(cloud)
  const runner = new Runner(cloud, options)
  return {
    name: 'kinesisanalytics',
    schemas: () => import('@aws-sdk/client-kinesis-analytics-v2'),
    operations: createOperations(store, runner),
    may: createMay(store),
    /** What ran at the last end goes on from its checkpoint; what was half-way is put right. */
    start() {
      for (const { name, status } of store.list()) {
        if (status === 'DELETING') store.remove(name)
        else if (status === 'STOPPING') store.change(name, { status: 'READY' })
        else if (status !== 'READY') {
          store.change(name, { status: 'RUNNING' })
          runner.start(store.get(name)).catch(() => store.change(name, { status: 'READY' }))
        }
      }
    },
    close: () => runner.close(),
  }
}
