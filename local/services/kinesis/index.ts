/** Kinesis Data Streams: records in append-only logs on disk, one a shard. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { recordOperations } from './records.ts'
import { kinesisResources } from './resources.ts'
import { type KinesisOptions, Store } from './store.ts'
import { streamOperations } from './streams.ts'

export function createKinesis(cloud: Cloud, options: KinesisOptions = {}): Service {
  const store = new Store(cloud, options)
  return {
    name: 'kinesis',
    schemas: () => import('@aws-sdk/client-kinesis'),
    operations: { ...streamOperations(store), ...recordOperations(store) },
    may: createMay(store),
    resources: kinesisResources(store),
    close: () => store.close(),
  }
}
