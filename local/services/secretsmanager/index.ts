/** AWS Secrets Manager: secrets in files that only their owner may read. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { createOperations } from './operations.ts'
import { secretResources } from './resources.ts'
import { createStore } from './store.ts'

export function createSecretsManager(cloud: Cloud): Service {
  const store = createStore(cloud)
  return {
    name: 'secretsmanager',
    schemas: () => import('@aws-sdk/client-secrets-manager'),
    operations: createOperations(store),
    may: createMay(store),
    resources: secretResources(store),
  }
}
