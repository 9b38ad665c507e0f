/** Amazon S3: buckets are folders and objects plain files below the data directory, which engines read and write in place. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { bucketOperations } from './buckets.ts'
import { createMay } from './may.ts'
import { multipartOperations } from './multipart.ts'
import { objectOperations } from './objects.ts'
import { bucketResources } from './resources.ts'
import { createStore } from './store.ts'

export { objectPath } from './keys.ts'

export function createS3(cloud: Cloud): Service {
  const store = createStore(cloud)
  store.clean()
  return {
    name: 's3',
    schemas: () => import('@aws-sdk/client-s3'),
    operations: { ...bucketOperations(store), ...objectOperations(store), ...multipartOperations(store) },
    may: createMay(store),
    resources: bucketResources(store),
  }
}
