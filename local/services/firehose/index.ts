/** Amazon Data Firehose: records to S3 by way of a write-ahead log, through a Lambda function where one is given. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { createOperations } from './operations.ts'
import { firehoseResources } from './resources.ts'
import { type FirehoseOptions, Store } from './store.ts'

export function createFirehose(cloud: Cloud, options: FirehoseOptions = {}): Service {
  const store = new Store(cloud, options)
  return {
    name: 'firehose',
    schemas: () => import('@aws-sdk/client-firehose'),
    operations: createOperations(store),
    may: createMay(store),
    resources: firehoseResources(store),
    start: () => store.start(),
    close: () => store.close(),
  }
}
