/** REST APIs: resources, methods and stages, as the template describes them. */
import { createHash } from 'node:crypto'
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'

export interface RestApi {
  id: string
  name: string
  description?: string
  /** ISO 8601. */
  created: string
  rootId: string
  binaryTypes: string[]
  policy?: PolicyDocument
}

export interface Resource {
  id: string
  apiId: string
  parentId?: string
  pathPart?: string
  /** `/executions/{name}` */
  path: string
}

export interface IntegrationResponse {
  StatusCode: string
  SelectionPattern?: string
  ResponseParameters?: Record<string, string>
  ResponseTemplates?: Record<string, string>
}

export interface Integration {
  Type: 'AWS' | 'AWS_PROXY' | 'MOCK'
  Uri?: string
  Credentials?: string
  PassthroughBehavior?: 'WHEN_NO_MATCH' | 'WHEN_NO_TEMPLATES' | 'NEVER'
  RequestTemplates?: Record<string, string>
  IntegrationResponses?: IntegrationResponse[]
  TimeoutInMillis?: number
}

export interface Method {
  apiId: string
  resourceId: string
  httpMethod: string
  authorization: 'NONE' | 'AWS_IAM'
  validatorId?: string
  /** Model names by content type. */
  models: Record<string, string>
  /** `method.request.querystring.name` → required. */
  parameters: Record<string, boolean>
  integration: Integration
}

export interface Stage {
  apiId: string
  name: string
  deploymentId?: string
  description?: string
  variables: Record<string, string>
  settings: {
    HttpMethod?: string
    ResourcePath?: string
    ThrottlingRateLimit?: number
    ThrottlingBurstLimit?: number
  }[]
}

export interface Validator {
  body: boolean
  parameters: boolean
}

export interface GatewayResponse {
  type: string
  status?: string
  parameters: Record<string, string>
  templates: Record<string, string>
}

export interface Deployment {
  id: string
  description?: string
  created: string
}

export interface Store {
  readonly cloud: Cloud
  readonly apis: Collection<RestApi>
  /** The others by `<api id>/<id or name>`, methods by `<api id>/<resource id>/<method>`. */
  readonly resources: Collection<Resource>
  readonly methods: Collection<Method>
  readonly stages: Collection<Stage>
  readonly deployments: Collection<Deployment>
  readonly models: Collection<{ name: string; schema: object }>
  readonly validators: Collection<Validator>
  readonly gatewayResponses: Collection<GatewayResponse>
  /** @throws AwsError NotFoundException */
  api(id: string): RestApi
  removeApi(id: string): void
}

export function createStore(cloud: Cloud): Store {
  const parts = ['resources', 'methods', 'stages', 'deployments', 'models', 'validators', 'gateway-responses']
  const apis = cloud.collection<RestApi>('apigateway.apis')
  return {
    cloud,
    apis,
    resources: cloud.collection('apigateway.resources'),
    methods: cloud.collection('apigateway.methods'),
    stages: cloud.collection('apigateway.stages'),
    deployments: cloud.collection('apigateway.deployments'),
    models: cloud.collection('apigateway.models'),
    validators: cloud.collection('apigateway.validators'),
    gatewayResponses: cloud.collection('apigateway.gateway-responses'),
    api(id) {
      const api = apis.get(id)
      if (!api) throw new AwsError('NotFoundException', 'Invalid API identifier specified', {}, 404)
      return api
    },
    removeApi(id) {
      for (const part of parts) {
        const rows = cloud.collection(`apigateway.${part}`)
        for (const [key] of rows.entries(`${id}/`)) rows.delete(key)
      }
      apis.delete(id)
    },
  }
}

/** Ten lower-case letters and digits: the same at every boot. */
export function idOf(...parts: string[]): string {
  const hash = createHash('sha256').update(parts.join('/')).digest()
  return hash.readBigUInt64BE().toString(36).padStart(13, '0').slice(-10)
}
