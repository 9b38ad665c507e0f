/** The permissions of SageMaker (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html). */
import type { Permission } from '../../gateway/service.ts'
import type { Kind, Store } from './store.ts'

const ANY = new Set(['ListTrainingJobs', 'ListModels', 'ListEndpointConfigs', 'ListEndpoints'])

export function createMay(store: Store) {
  return function may(operation: string, input: any): Permission[] {
    const action = `sagemaker:${operation}`
    if (ANY.has(operation)) return [{ action, resource: '*' }]
    if (input.ResourceArn) return [{ action, resource: input.ResourceArn }]
    const context = Object.fromEntries(
      (input.Tags ?? []).map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value]),
    )
    const named: [Kind, string | undefined][] = [
      ['training-job', input.TrainingJobName],
      ['model', input.ModelName],
      ['endpoint', input.EndpointName],
      ['endpoint-config', input.EndpointConfigName],
    ]
    const resources = named.flatMap(([kind, name]) => (name === undefined ? [] : [store.arn(kind, name)]))
    const role = input.RoleArn ?? input.ExecutionRoleArn
    return [
      ...resources.map((resource) => ({ action, resource, context })),
      // Tagging on creation asks for AddTags as well.
      ...(input.Tags?.length && resources[0] ? [{ action: 'sagemaker:AddTags', resource: resources[0], context }] : []),
      ...(role
        ? [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } }]
        : []),
    ]
  }
}
