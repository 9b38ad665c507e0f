/** The permissions of Secrets Manager (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Store } from './store.ts'

export function createMay(store: Store) {
  return function may(operation: string, input: any): Permission[] {
    const action = `secretsmanager:${operation}`
    const id: string | undefined = input.SecretId ?? input.Name
    if (id === undefined) return [{ action, resource: '*' }]
    const secret = store.find(id)
    const resource = secret?.arn ?? (id.startsWith('arn:') ? id : store.cloud.arn('secretsmanager', `secret:${id}`))
    return [{ action, resource, ...(secret?.policy && { policy: secret.policy }) }]
  }
}
