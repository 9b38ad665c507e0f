/** Amazon DynamoDB on dynalite, whose LevelDB lies in the data directory. */
import type { Cloud } from '../../cloud.ts'
import type { Operation, Service } from '../../gateway/service.ts'
import { createEngine, served } from './engine.ts'
import { createExpiry } from './expiry.ts'
import { createMay } from './may.ts'
import { tableResources } from './resources.ts'

export function createDynamodb(cloud: Cloud): Service {
  const engine = createEngine(cloud)
  const expiry = createExpiry(cloud, engine)
  const operations: Record<string, Operation> = {
    ...Object.fromEntries(served.map((operation) => [operation, (input: any) => engine.run(operation, input)])),
    ...expiry.operations,
  }
  return {
    name: 'dynamodb',
    schemas: () => import('@aws-sdk/client-dynamodb'),
    operations,
    may: createMay(cloud),
    resources: tableResources(cloud, engine, expiry),
    start: expiry.start,
    async close() {
      expiry.close()
      await engine.close()
    },
  }
}
