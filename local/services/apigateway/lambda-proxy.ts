/** Lambda proxy integration: the request as an event, the function's answer as the response (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html). */
import type { Cloud } from '../../cloud.ts'
import type { WireResponse } from '../../gateway/message.ts'
import { GatewayError } from './gateway-response.ts'
import { type ApiRequest, arnRest, contextOf, headerOf, isBinary } from './request.ts'

const principalName = 'apigateway.amazonaws.com'

export async function lambdaProxy(cloud: Cloud, request: ApiRequest): Promise<WireResponse> {
  const event = eventOf(cloud, request)
  const { payload, failed } = await invokeFunction(cloud, request, Buffer.from(JSON.stringify(event)))
  const answer = failed ? undefined : parsed(payload)
  const status = Number(answer?.statusCode ?? 200)
  const malformed =
    typeof answer !== 'object' || answer === null || !Number.isInteger(status) || status < 100 || status > 599
  if (malformed || (answer.body !== undefined && answer.body !== null && typeof answer.body !== 'string')) {
    const reason = failed ? `failed: ${payload}` : 'gave a malformed answer'
    cloud.log('error', `API ${request.api.id} ${request.httpMethod} ${request.path}: the function ${reason}`)
    throw new GatewayError('BAD_GATEWAY')
  }
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  for (const [name, value] of Object.entries(answer.headers ?? {})) headers[name.toLowerCase()] = String(value)
  for (const [name, values] of Object.entries(answer.multiValueHeaders ?? {}))
    headers[name.toLowerCase()] = (values as unknown[]).join(', ')
  const accepted = headerOf(request, 'accept')?.split(',', 1)[0]
  const asBytes = answer.isBase64Encoded && isBinary(request.api.binaryTypes, accepted ?? headers['content-type'])
  return { status, headers, body: asBytes ? Buffer.from(answer.body, 'base64') : (answer.body ?? '') }
}

/** Calls the function of the integration's URI, as its role or as API Gateway itself. @throws GatewayError */
export async function invokeFunction(cloud: Cloud, request: ApiRequest, Payload: Buffer) {
  const { resource } = request
  const { integration } = request.method
  const [, FunctionName] = /:lambda:path\/[\d-]+\/functions\/(.+)\/invocations$/.exec(integration.Uri ?? '') ?? []
  const source = cloud.arn('execute-api', arnRest(request, resource.path))
  const principal = integration.Credentials
    ? cloud.assumeRole(integration.Credentials, principalName, 'BackplaneAssumeRoleSession').principal
    : cloud.servicePrincipal(principalName, source)
  try {
    const output = await cloud.call(principal, 'lambda', 'Invoke', {
      FunctionName,
      InvocationType: 'RequestResponse',
      Payload,
    })
    return { payload: Buffer.from(output.Payload ?? '').toString(), failed: Boolean(output.FunctionError) }
  } catch (error) {
    cloud.log('error', `API ${request.api.id} could not call ${FunctionName}: ${(error as Error).message}`)
    throw new GatewayError('API_CONFIGURATION_ERROR')
  }
}

function eventOf(cloud: Cloud, request: ApiRequest) {
  const { resource, path, httpMethod, query, stage, pathParameters, api, body } = request
  const binary = isBinary(api.binaryTypes, headerOf(request, 'content-type'))
  const headers = Object.entries(request.headers).filter(
    ([name, value]) => value !== undefined && !name.startsWith(':'),
  )
  const names = [...new Set(query.keys())]
  return {
    resource: resource.path,
    path,
    httpMethod,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, Array.isArray(value) ? value.at(-1) : value])),
    multiValueHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value].flat()])),
    queryStringParameters:
      names.length > 0 ? Object.fromEntries(names.map((name) => [name, query.getAll(name).at(-1)])) : null,
    multiValueQueryStringParameters:
      names.length > 0 ? Object.fromEntries(names.map((name) => [name, query.getAll(name)])) : null,
    pathParameters: Object.keys(pathParameters).length > 0 ? pathParameters : null,
    stageVariables: Object.keys(stage.variables).length > 0 ? stage.variables : null,
    requestContext: contextOf(request, cloud.account),
    body: body.length === 0 ? null : body.toString(binary ? 'base64' : 'utf8'),
    isBase64Encoded: binary && body.length > 0,
  }
}

function parsed(payload: string): any {
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}
