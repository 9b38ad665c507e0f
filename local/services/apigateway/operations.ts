/** What a person asks to see of APIs. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation, Permission } from '../../gateway/service.ts'
import type { RestApi, Stage, Store } from './store.ts'

export function createOperations(store: Store): Record<string, Operation> {
  return {
    GetRestApis: () => ({ items: store.apis.entries().map(([, api]) => shapeOfApi(api)) }),

    GetRestApi: ({ restApiId }) => shapeOfApi(store.api(restApiId)),

    GetResources({ restApiId }) {
      const { id } = store.api(restApiId)
      return {
        items: store.resources.entries(`${id}/`).map(([key, resource]) => ({
          id: resource.id,
          path: resource.path,
          ...(resource.parentId !== undefined && { parentId: resource.parentId, pathPart: resource.pathPart }),
          resourceMethods: Object.fromEntries(store.methods.entries(`${key}/`).map(([, one]) => [one.httpMethod, {}])),
        })),
      }
    },

    GetMethod({ restApiId, resourceId, httpMethod }) {
      const { id } = store.api(restApiId)
      const method = store.methods.get(`${id}/${resourceId}/${httpMethod}`)
      if (!method) throw new AwsError('NotFoundException', 'Invalid Method identifier specified', {}, 404)
      const { Type, Uri, Credentials } = method.integration
      return {
        httpMethod: method.httpMethod,
        authorizationType: method.authorization,
        requestModels: method.models,
        requestParameters: method.parameters,
        methodIntegration: { type: Type, uri: Uri, credentials: Credentials },
      }
    },

    GetStages({ restApiId }) {
      const { id } = store.api(restApiId)
      return { item: store.stages.entries(`${id}/`).map(([, stage]) => shapeOfStage(stage)) }
    },

    GetStage({ restApiId, stageName }) {
      const { id } = store.api(restApiId)
      const stage = store.stages.get(`${id}/${stageName}`)
      if (!stage) throw new AwsError('NotFoundException', 'Invalid stage identifier specified', {}, 404)
      return shapeOfStage(stage)
    },

    GetDeployments({ restApiId }) {
      const { id } = store.api(restApiId)
      return {
        items: store.deployments.entries(`${id}/`).map(([, deployment]) => ({
          id: deployment.id,
          description: deployment.description,
          createdDate: new Date(deployment.created),
        })),
      }
    },
  }
}

/** IAM knows HTTP methods and paths here (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html). */
export function createMay({ cloud }: Store) {
  const below: Record<string, string> = {
    GetResources: '/resources',
    GetStages: '/stages',
    GetDeployments: '/deployments',
  }
  return function may(operation: string, input: any): Permission[] {
    const api = input.restApiId === undefined ? '' : `/${input.restApiId}`
    const method = input.resourceId === undefined ? '' : `/resources/${input.resourceId}/methods/${input.httpMethod}`
    const stage = input.stageName === undefined ? '' : `/stages/${input.stageName}`
    const path = `/restapis${api}${method}${stage}${below[operation] ?? ''}`
    return [{ action: 'apigateway:GET', resource: `arn:aws:apigateway:${cloud.region}::${path}` }]
  }
}

const shapeOfApi = (api: RestApi) => ({
  id: api.id,
  name: api.name,
  description: api.description,
  createdDate: new Date(api.created),
  rootResourceId: api.rootId,
  binaryMediaTypes: api.binaryTypes,
  endpointConfiguration: { types: ['REGIONAL'] },
  ...(api.policy && { policy: JSON.stringify(api.policy) }),
})

const shapeOfStage = (stage: Stage) => ({
  stageName: stage.name,
  deploymentId: stage.deploymentId,
  description: stage.description,
  variables: stage.variables,
})
