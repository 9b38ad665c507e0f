/** What a request has to pass before its integration: the signature's permission, the stage's throttle, the method's validator. */
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Principal } from '../../gateway/principal.ts'
import { GatewayError } from './gateway-response.ts'
import { type ApiRequest, arnRest, headerOf } from './request.ts'
import type { Store } from './store.ts'

/** The principal behind the signature. @throws GatewayError MISSING_AUTHENTICATION_TOKEN, ACCESS_DENIED */
export function authorize(cloud: Cloud, request: ApiRequest): Principal | undefined {
  const { method, query, api } = request
  if (method.authorization !== 'AWS_IAM') return undefined
  const header = /Credential=([^/,\s]+)\//.exec(headerOf(request, 'authorization') ?? '')?.[1]
  const key = header ?? query.get('X-Amz-Credential')?.split('/')[0]
  if (!key) throw new GatewayError('MISSING_AUTHENTICATION_TOKEN')
  const principal = cloud.principalOf(key) ?? cloud.admin
  try {
    cloud.authorize(principal, 'execute-api', {
      action: 'execute-api:Invoke',
      resource: cloud.arn('execute-api', arnRest(request, request.path)),
      ...(api.policy && { policy: api.policy }),
    })
  } catch (error) {
    if (error instanceof AwsError) throw new GatewayError('ACCESS_DENIED', error.message)
    throw error
  }
  return principal
}

/** Token buckets by stage, method and resource (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html). */
export function createThrottle() {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return function throttle({ api, stage, resource, httpMethod }: ApiRequest, now = Date.now()): void {
    const setting = stage.settings.find(
      ({ HttpMethod = '*', ResourcePath = '/*' }) =>
        (HttpMethod === '*' || HttpMethod === httpMethod) &&
        (ResourcePath === '/*' || unescaped(ResourcePath) === resource.path),
    )
    const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst = rate } = setting ?? {}
    if (rate === undefined || burst === undefined || rate < 0) return
    const key = `${api.id}/${stage.name}/${setting!.HttpMethod} ${setting!.ResourcePath}`
    const bucket = buckets.get(key) ?? { tokens: burst, at: now }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * rate)
    bucket.at = now
    buckets.set(key, bucket)
    if (bucket.tokens < 1) throw new GatewayError('THROTTLED')
    bucket.tokens--
  }
}

/** `~1executions~1batch`, as JSON pointers escape slashes. */
const unescaped = (path: string) => path.replaceAll('~1', '/')

export function createValidation(store: Store) {
  const schemas = new Map<string, { source: string; schema: z.ZodType }>()

  /** @throws GatewayError BAD_REQUEST_PARAMETERS, BAD_REQUEST_BODY */
  return function validate(request: ApiRequest): void {
    const { method, api } = request
    const validator =
      method.validatorId === undefined ? undefined : store.validators.get(`${api.id}/${method.validatorId}`)
    if (validator?.parameters) {
      const missing = Object.entries(method.parameters)
        .filter(([place, required]) => required && !present(request, place))
        .map(([place]) => place.split('.').slice(3).join('.'))
      if (missing.length > 0)
        throw new GatewayError('BAD_REQUEST_PARAMETERS', `Missing required request parameters: [${missing.join(', ')}]`)
    }
    if (!validator?.body) return
    const contentType = headerOf(request, 'content-type')?.split(';', 1)[0] ?? 'application/json'
    const schema = schemaOf(api.id, method.models[contentType] ?? method.models.$default)
    if (schema && !schema.safeParse(parsed(request.body)).success) throw new GatewayError('BAD_REQUEST_BODY')
  }

  function schemaOf(apiId: string, name: string | undefined): z.ZodType | undefined {
    const model = name === undefined ? undefined : store.models.get(`${apiId}/${name}`)
    if (!model) return undefined
    const source = JSON.stringify(model.schema)
    const known = schemas.get(`${apiId}/${name}`)
    if (known?.source === source) return known.schema
    const schema = z.fromJSONSchema(model.schema as never)
    schemas.set(`${apiId}/${name}`, { source, schema })
    return schema
  }
}

function present(request: ApiRequest, place: string): boolean {
  const [, , where, ...rest] = place.split('.')
  const name = rest.join('.')
  if (where === 'querystring') return request.query.has(name)
  if (where === 'header') return headerOf(request, name.toLowerCase()) !== undefined
  return where === 'path' ? request.pathParameters[name] !== undefined : true
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}
