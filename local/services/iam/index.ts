/** AWS IAM: the roles and policies of the template, which the gateway evaluates on every call. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { createMay } from './may.ts'
import { createOperations } from './operations.ts'
import { iamResources } from './resources.ts'
import { createStore } from './store.ts'

export { managedPolicy } from './managed-policies.ts'

export function createIam(cloud: Cloud): Service {
  const store = createStore(cloud)
  return {
    name: 'iam',
    schemas: () => import('@aws-sdk/client-iam'),
    operations: createOperations(store),
    may: createMay(store),
    resources: iamResources(store),
  }
}
