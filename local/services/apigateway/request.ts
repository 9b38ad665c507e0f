/** A request to a REST API, with all that integrations need of it. */
import type { WireRequest } from '../../gateway/message.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { Method, Resource, RestApi, Stage } from './store.ts'
import type { TemplateContext } from './template.ts'

export interface ApiRequest {
  id: string
  api: RestApi
  stage: Stage
  resource: Resource
  method: Method
  httpMethod: string
  /** Below the stage. */
  path: string
  pathParameters: Record<string, string>
  query: URLSearchParams
  headers: WireRequest['headers']
  body: Buffer
  /** Who signed, for methods that IAM authorizes. */
  principal?: Principal
  received: Date
}

/** The ARN that policies and function permissions name: `<api>/<stage>/<method>/<path>`. */
export const arnRest = ({ api, stage, httpMethod }: ApiRequest, path: string) =>
  `${api.id}/${stage.name}/${httpMethod}/${path.replace(/^\//, '')}`

export function isBinary(types: string[], contentType: string | undefined): boolean {
  const type = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase()
  const [kind] = type.split('/')
  return types.some((one) => one === '*/*' || one.toLowerCase() === type || one === `${kind}/*`)
}

export const headerOf = (request: ApiRequest, name: string) => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.at(-1) : value
}

/** `$context` and `requestContext`. */
export function contextOf(request: ApiRequest, account: string) {
  const { api, stage, resource, httpMethod, path, id, received, principal } = request
  return {
    accountId: account,
    apiId: api.id,
    resourceId: resource.id,
    resourcePath: resource.path,
    httpMethod,
    path: `/${stage.name}${path}`,
    stage: stage.name,
    protocol: 'HTTP/1.1',
    requestId: id,
    extendedRequestId: id,
    requestTime: requestTime(received),
    requestTimeEpoch: received.getTime(),
    domainName: String(request.headers.host ?? ''),
    domainPrefix: api.id,
    identity: {
      sourceIp: '127.0.0.1',
      userAgent: headerOf(request, 'user-agent') ?? null,
      userArn: principal?.arn ?? null,
      caller: principal?.arn ?? null,
      user: principal?.arn ?? null,
      accountId: principal ? account : null,
    },
  }
}

export function templateContext(request: ApiRequest, account: string, body = request.body.toString()): TemplateContext {
  return {
    body,
    params: {
      path: request.pathParameters,
      querystring: Object.fromEntries(request.query),
      header: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value ?? '')])),
    },
    context: contextOf(request, account),
    stageVariables: request.stage.variables,
  }
}

/** `22/Nov/2026:12:00:00 +0000` */
function requestTime(date: Date): string {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? []
  return `${day}/${month}/${year}:${time} +0000`
}
