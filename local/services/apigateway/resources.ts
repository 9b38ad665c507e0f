/** REST APIs of the template. What the local cloud does not serve is refused here, when it is deployed, and not by a caller's request. */
import { z } from 'zod'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { ResourceRequest, ResourceType } from '../../gateway/service.ts'
import { type Integration, idOf, type Store } from './store.ts'
import { checkTemplate } from './template.ts'

const texts = z.record(z.string(), z.string())

const apiProperties = z.looseObject({
  Name: z.string().optional(),
  Description: z.string().optional(),
  BinaryMediaTypes: z.array(z.string()).default([]),
  Policy: z
    .custom<PolicyDocument>((value) => value === undefined || (typeof value === 'object' && value !== null))
    .optional(),
})

const methodProperties = z.object({
  RestApiId: z.string(),
  ResourceId: z.string(),
  HttpMethod: z.string(),
  AuthorizationType: z.enum(['NONE', 'AWS_IAM'], { error: 'is served as NONE and AWS_IAM only' }).default('NONE'),
  ApiKeyRequired: z.literal(false, { error: 'is not served: API keys are not' }).optional(),
  RequestValidatorId: z.string().optional(),
  RequestModels: texts.default({}),
  RequestParameters: z.record(z.string(), z.union([z.boolean(), z.stringbool()])).default({}),
  Integration: z.looseObject({
    Type: z.enum(['AWS', 'AWS_PROXY', 'MOCK'], { error: 'is served as AWS, AWS_PROXY and MOCK only' }),
    Uri: z
      .string()
      .regex(
        /:lambda:path\/[\d-]+\/functions\/.+\/invocations$|:[\w-]+:action\/\w+$/,
        'has to name a Lambda function or an action of a service',
      )
      .optional(),
    RequestTemplates: texts.optional(),
    TimeoutInMillis: z.coerce.number().optional(),
    IntegrationResponses: z
      .array(
        z.looseObject({
          StatusCode: z.coerce.string(),
          ResponseTemplates: texts.optional(),
          ResponseParameters: z
            .record(z.string(), z.string().regex(/^'.*'$/s, "has to be a constant such as '*'"))
            .optional(),
        }),
      )
      .optional(),
  }),
})

const stageProperties = z.object({
  RestApiId: z.string(),
  StageName: z.string(),
  DeploymentId: z.string().optional(),
  Description: z.string().optional(),
  Variables: texts.default({}),
  MethodSettings: z
    .array(
      z.looseObject({
        HttpMethod: z.string().optional(),
        ResourcePath: z.string().optional(),
        ThrottlingRateLimit: z.coerce.number().optional(),
        ThrottlingBurstLimit: z.coerce.number().optional(),
      }),
    )
    .default([]),
})

export function apiResources(store: Store): Record<string, ResourceType> {
  const { cloud, apis, resources, methods, stages, deployments, models, validators, gatewayResponses } = store
  const own = ({ stack, logicalId }: ResourceRequest) => idOf(stack, logicalId)
  const now = () => new Date().toISOString()

  return {
    'AWS::ApiGateway::RestApi': {
      apply(request) {
        const {
          Name = request.logicalId,
          Description,
          BinaryMediaTypes,
          Policy,
          ...rest
        } = apiProperties.parse(request.properties)
        if (rest.Body || rest.BodyS3Location)
          throw new Error(
            `The REST API ${Name} has an OpenAPI body, which is not served: describe it by resources and methods.`,
          )
        const id = own(request)
        const rootId = idOf(id, 'root')
        apis.put(id, {
          id,
          name: Name,
          description: Description,
          created: apis.get(id)?.created ?? now(),
          rootId,
          binaryTypes: BinaryMediaTypes.map((type) => type.replaceAll('~1', '/')),
          policy: Policy,
        })
        resources.put(`${id}/${rootId}`, { id: rootId, apiId: id, path: '/' })
        return { ref: id, attributes: { RootResourceId: rootId, RestApiId: id } }
      },
      remove: ({ ref }) => store.removeApi(ref),
    },

    'AWS::ApiGateway::Resource': {
      apply(request) {
        const { RestApiId, ParentId, PathPart } = request.properties
        const parent = resources.get(`${RestApiId}/${ParentId}`)
        if (!parent) throw new Error(`The API ${RestApiId} has no resource ${ParentId}, the parent of ${PathPart}.`)
        const id = own(request)
        const path = `${parent.path.replace(/\/$/, '')}/${PathPart}`
        resources.put(`${RestApiId}/${id}`, { id, apiId: RestApiId, parentId: ParentId, pathPart: PathPart, path })
        return { ref: id, attributes: { ResourceId: id } }
      },
      remove: ({ ref, properties }) => void resources.delete(`${properties.RestApiId}/${ref}`),
    },

    'AWS::ApiGateway::Method': {
      apply(request) {
        const given = methodProperties.parse(request.properties)
        const { RestApiId: apiId, ResourceId: resourceId, HttpMethod: httpMethod } = given
        const integration = given.Integration as Integration
        const responses = integration.IntegrationResponses?.map((one) => one.ResponseTemplates ?? {}) ?? []
        for (const templates of [integration.RequestTemplates ?? {}, ...responses])
          for (const template of Object.values(templates)) checkTemplate(template)
        if (integration.Type !== 'MOCK' && integration.Uri === undefined)
          throw new Error(`The integration of ${request.logicalId} has no Uri.`)
        const key = `${apiId}/${resourceId}/${httpMethod}`
        const before = request.previous?.properties
        const old = before && `${before.RestApiId}/${before.ResourceId}/${before.HttpMethod}`
        if (old && old !== key) methods.delete(old)
        methods.put(key, {
          apiId,
          resourceId,
          httpMethod,
          authorization: given.AuthorizationType,
          validatorId: given.RequestValidatorId,
          models: given.RequestModels,
          parameters: given.RequestParameters,
          integration,
        })
        return { ref: `${request.stack}-${request.logicalId}` }
      },
      remove: ({ properties: { RestApiId, ResourceId, HttpMethod } }) =>
        void methods.delete(`${RestApiId}/${ResourceId}/${HttpMethod}`),
    },

    'AWS::ApiGateway::Deployment': {
      apply(request) {
        const { RestApiId, StageName, Description } = request.properties
        const id = own(request)
        const key = `${RestApiId}/${id}`
        deployments.put(key, { id, description: Description, created: deployments.get(key)?.created ?? now() })
        if (StageName !== undefined)
          stages.put(`${RestApiId}/${StageName}`, {
            apiId: RestApiId,
            name: StageName,
            deploymentId: id,
            variables: {},
            settings: [],
          })
        return { ref: id, attributes: { DeploymentId: id } }
      },
      remove: ({ ref, properties }) => void deployments.delete(`${properties.RestApiId}/${ref}`),
    },

    'AWS::ApiGateway::Stage': {
      apply({ properties }) {
        const given = stageProperties.parse(properties)
        const { RestApiId: apiId, StageName: name } = given
        stages.put(`${apiId}/${name}`, {
          apiId,
          name,
          deploymentId: given.DeploymentId,
          description: given.Description,
          variables: given.Variables,
          settings: given.MethodSettings,
        })
        return { ref: name }
      },
      remove: ({ ref, properties }) => void stages.delete(`${properties.RestApiId}/${ref}`),
    },

    'AWS::ApiGateway::Model': {
      apply(request) {
        const { RestApiId, Name = own(request), Schema = {} } = request.properties
        const schema = typeof Schema === 'string' ? JSON.parse(Schema) : Schema
        z.fromJSONSchema(schema)
        models.put(`${RestApiId}/${Name}`, { name: Name, schema })
        return { ref: Name }
      },
      remove: ({ ref, properties }) => void models.delete(`${properties.RestApiId}/${ref}`),
    },

    'AWS::ApiGateway::RequestValidator': {
      apply(request) {
        const { RestApiId, ValidateRequestBody, ValidateRequestParameters } = request.properties
        const id = own(request)
        const isTrue = (value: unknown) => value === true || value === 'true'
        validators.put(`${RestApiId}/${id}`, {
          body: isTrue(ValidateRequestBody),
          parameters: isTrue(ValidateRequestParameters),
        })
        return { ref: id, attributes: { RequestValidatorId: id } }
      },
      remove: ({ ref, properties }) => void validators.delete(`${properties.RestApiId}/${ref}`),
    },

    'AWS::ApiGateway::GatewayResponse': {
      apply(request) {
        const {
          RestApiId,
          ResponseType,
          StatusCode,
          ResponseParameters = {},
          ResponseTemplates = {},
        } = request.properties
        for (const template of Object.values(ResponseTemplates)) checkTemplate(String(template))
        gatewayResponses.put(`${RestApiId}/${ResponseType}`, {
          type: ResponseType,
          status: StatusCode,
          parameters: ResponseParameters,
          templates: ResponseTemplates,
        })
        return { ref: own(request), attributes: { Id: own(request) } }
      },
      remove: ({ properties }) => void gatewayResponses.delete(`${properties.RestApiId}/${properties.ResponseType}`),
    },

    /** The role that writes access logs, which are not written here. */
    'AWS::ApiGateway::Account': {
      apply: (request) => ({ ref: own(request), attributes: { Id: own(request) } }),
      remove() {
        cloud.log('info', 'API Gateway has no role for its logs any more.')
      },
    },
  }
}
