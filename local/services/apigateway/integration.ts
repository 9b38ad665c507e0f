/** AWS and mock integrations: a template makes the request, a status or an error message chooses the response. */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { WireResponse } from '../../gateway/message.ts'
import { GatewayError } from './gateway-response.ts'
import { invokeFunction } from './lambda-proxy.ts'
import { type ApiRequest, headerOf, templateContext } from './request.ts'
import type { IntegrationResponse } from './store.ts'
import { render } from './template.ts'

interface Outcome {
  /** What a selection pattern is held against: a status, or the message of a function's error. */
  selector: string
  body: string
}

export async function integrate(cloud: Cloud, request: ApiRequest): Promise<WireResponse> {
  const { integration } = request.method
  const body = requestBody(cloud, request)
  if (integration.Type === 'MOCK') {
    const status = /["']?statusCode["']?\s*:\s*["']?(\d{3})/.exec(body)?.[1]
    if (status === undefined) throw new GatewayError('API_CONFIGURATION_ERROR')
    return respond(cloud, request, { selector: status, body: '' })
  }
  const action = /:([\w-]+):action\/(\w+)$/.exec(integration.Uri ?? '')
  return respond(
    cloud,
    request,
    action ? await callAction(cloud, request, action[1]!, action[2]!, body) : await callFunction(cloud, request, body),
  )
}

/** @throws GatewayError UNSUPPORTED_MEDIA_TYPE where no template is for the content type and the body may not pass as it is */
function requestBody(cloud: Cloud, request: ApiRequest): string {
  const { RequestTemplates: templates = {}, PassthroughBehavior: passes = 'WHEN_NO_MATCH' } = request.method.integration
  const contentType = headerOf(request, 'content-type')?.split(';', 1)[0]?.trim() ?? 'application/json'
  const template = templates[contentType]
  if (template !== undefined) return render(template, templateContext(request, cloud.account))
  const may = passes === 'WHEN_NO_MATCH' || (passes === 'WHEN_NO_TEMPLATES' && Object.keys(templates).length === 0)
  if (!may) throw new GatewayError('UNSUPPORTED_MEDIA_TYPE')
  return request.body.toString()
}

async function callAction(
  cloud: Cloud,
  request: ApiRequest,
  service: string,
  operation: string,
  body: string,
): Promise<Outcome> {
  const { Credentials } = request.method.integration
  try {
    if (!Credentials) throw new AwsError('AccessDeniedException', 'The integration has no credentials.', {}, 403)
    const { principal } = cloud.assumeRole(Credentials, 'apigateway.amazonaws.com', 'BackplaneAssumeRoleSession')
    const output = await cloud.call(principal, service, operation, JSON.parse(body))
    return { selector: '200', body: JSON.stringify(output, asWire) }
  } catch (error) {
    if (error instanceof SyntaxError)
      return { selector: '400', body: JSON.stringify({ __type: 'SerializationException', message: error.message }) }
    if (!(error instanceof AwsError)) throw error
    const status = String(error.status ?? 400)
    return { selector: status, body: JSON.stringify({ __type: error.name, message: error.message, ...error.fields }) }
  }
}

async function callFunction(cloud: Cloud, request: ApiRequest, body: string): Promise<Outcome> {
  const { payload, failed } = await invokeFunction(cloud, request, Buffer.from(body))
  if (!failed) return { selector: '', body: payload }
  return { selector: String(JSON.parse(payload).errorMessage ?? ''), body: payload }
}

/** The first response whose pattern takes the whole selector, else the one without a pattern. @throws GatewayError */
function respond(cloud: Cloud, request: ApiRequest, { selector, body }: Outcome): WireResponse {
  const responses = request.method.integration.IntegrationResponses ?? []
  const chosen =
    responses.find((one) => one.SelectionPattern && new RegExp(`^(?:${one.SelectionPattern})$`, 's').test(selector)) ??
    responses.find((one) => !one.SelectionPattern && one.StatusCode === selector) ??
    responses.find((one) => !one.SelectionPattern)
  if (!chosen) throw new GatewayError('API_CONFIGURATION_ERROR')
  const [type, template] = Object.entries(chosen.ResponseTemplates ?? {})[0] ?? []
  return {
    status: Number(chosen.StatusCode),
    headers: { 'content-type': type ?? 'application/json', ...headersOf(chosen) },
    body: template === undefined ? body : render(template, templateContext(request, cloud.account, body)),
  }
}

/** `method.response.header.X-Name` → `'a constant'`; other sources are refused when the method is deployed. */
function headersOf({ ResponseParameters = {} }: IntegrationResponse): Record<string, string> {
  return Object.fromEntries(
    Object.entries(ResponseParameters).map(([place, value]) => [
      place.replace(/^method\.response\.header\./, '').toLowerCase(),
      value.replace(/^'(.*)'$/s, '$1'),
    ]),
  )
}

/** AWS's JSON protocols have times in seconds and bytes in base64. */
function asWire(this: any, key: string, value: unknown): unknown {
  const raw = this[key]
  if (raw instanceof Date) return raw.getTime() / 1000
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value
}
