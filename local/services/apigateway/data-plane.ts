/** Serves the stages of APIs at `/execute-api/<api id>/<stage>/…`, and at `<api id>.execute-api.…` by host name. */
import { randomUUID } from 'node:crypto'
import type { WireRequest, WireResponse } from '../../gateway/message.ts'
import type { MetricReporter } from '../../metric-reporter.ts'
import { authorize, createThrottle, createValidation } from './admission.ts'
import { GatewayError, gatewayResponse } from './gateway-response.ts'
import { integrate } from './integration.ts'
import { lambdaProxy } from './lambda-proxy.ts'
import type { ApiRequest } from './request.ts'
import { routeTo } from './routing.ts'
import type { Store } from './store.ts'
import { TemplateError } from './template.ts'

const mostBodyBytes = 10 * 1024 * 1024
const longestMillis = 29_000

/** @param metrics are told of every request of an API (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html) */
export function createDataPlane(store: Store, metrics: MetricReporter) {
  const { cloud } = store
  const throttle = createThrottle()
  const validate = createValidation(store)

  /** The answer of an API; undefined for a path that is none of an API. */
  return async function handle(wire: WireRequest): Promise<WireResponse | undefined> {
    const place = placeOf(wire)
    if (!place) return undefined
    const started = performance.now()
    const response = await answer(place, wire)
    const name = store.apis.get(place.apiId)?.name
    if (name !== undefined) {
      metrics.add(name, 'Count', 1)
      metrics.add(name, '4XXError', response.status >= 400 && response.status < 500 ? 1 : 0)
      metrics.add(name, '5XXError', response.status >= 500 ? 1 : 0)
      metrics.add(name, 'Latency', performance.now() - started, 'Milliseconds')
    }
    return response
  }

  async function answer(place: Place, wire: WireRequest): Promise<WireResponse> {
    try {
      const request = await requestOf(place, wire)
      const principal = authorize(cloud, request)
      throttle(request)
      validate(request)
      return await inTime({ ...request, principal })
    } catch (error) {
      if (error instanceof GatewayError) return gatewayResponse(store, place.apiId, error)
      if (error instanceof TemplateError)
        return gatewayResponse(store, place.apiId, new GatewayError('DEFAULT_4XX', error.message))
      throw error
    }
  }

  async function requestOf({ apiId, stageName, path }: Place, wire: WireRequest): Promise<ApiRequest> {
    const api = store.apis.get(apiId)
    const stage = store.stages.get(`${apiId}/${stageName}`)
    const resources = store.resources.entries(`${apiId}/`).map(([, resource]) => resource)
    const route = api && stage && routeTo(resources, path)
    const methodOf = (name: string) => route && store.methods.get(`${apiId}/${route.resource.id}/${name}`)
    const method = methodOf(wire.method) ?? methodOf('ANY')
    if (!route || !method) throw new GatewayError('MISSING_AUTHENTICATION_TOKEN')
    if (Number(wire.headers['content-length'] ?? 0) > mostBodyBytes) throw new GatewayError('REQUEST_TOO_LARGE')
    const body = await wire.bytes()
    if (body.length > mostBodyBytes) throw new GatewayError('REQUEST_TOO_LARGE')
    return {
      id: randomUUID(),
      api,
      stage,
      resource: route.resource,
      method,
      httpMethod: wire.method,
      path,
      pathParameters: route.parameters,
      query: wire.query,
      headers: wire.headers,
      body,
      received: new Date(),
    }
  }

  async function inTime(request: ApiRequest): Promise<WireResponse> {
    const { Type, TimeoutInMillis = longestMillis } = request.method.integration
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new GatewayError('INTEGRATION_TIMEOUT')), TimeoutInMillis)
    })
    try {
      return await Promise.race([Type === 'AWS_PROXY' ? lambdaProxy(cloud, request) : integrate(cloud, request), late])
    } finally {
      clearTimeout(timer)
    }
  }
}

interface Place {
  apiId: string
  stageName: string
  path: string
}

function placeOf({ path, headers }: WireRequest): Place | undefined {
  const host = String(headers[':authority'] ?? headers.host ?? '')
  const byHost = /^([a-z0-9]{10})\.execute-api\./.exec(host)?.[1]
  const [, apiId, stageName = '', rest = ''] =
    byHost === undefined
      ? (/^\/execute-api\/([^/]+)(?:\/([^/]+))?(\/.*)?$/s.exec(path) ?? [])
      : [undefined, byHost, ...(/^\/([^/]*)(\/.*)?$/s.exec(path)?.slice(1) ?? [])]
  return apiId === undefined ? undefined : { apiId, stageName, path: rest === '' ? '/' : rest }
}
