/** What API Gateway answers by itself, and how an API may change that (https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html). */
import type { WireResponse } from '../../gateway/message.ts'
import type { Store } from './store.ts'
import { render } from './template.ts'

const known = {
  ACCESS_DENIED: [403, 'AccessDeniedException', ''],
  BAD_REQUEST_BODY: [400, 'BadRequestException', 'Invalid request body'],
  BAD_REQUEST_PARAMETERS: [400, 'BadRequestException', ''],
  DEFAULT_4XX: [400, 'BadRequestException', ''],
  INTEGRATION_FAILURE: [504, 'InternalServerErrorException', 'Network error communicating with endpoint'],
  INTEGRATION_TIMEOUT: [504, 'InternalServerErrorException', 'Endpoint request timed out'],
  MISSING_AUTHENTICATION_TOKEN: [403, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
  REQUEST_TOO_LARGE: [413, 'RequestEntityTooLargeException', 'Request Too Long'],
  THROTTLED: [429, 'TooManyRequestsException', 'Too Many Requests'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'BadRequestException', 'Unsupported Media Type'],
  API_CONFIGURATION_ERROR: [500, 'InternalServerErrorException', 'Internal server error'],
  BAD_GATEWAY: [502, 'InternalServerErrorException', 'Internal server error'],
} as const

export type GatewayResponseType = keyof typeof known

export class GatewayError extends Error {
  readonly type: GatewayResponseType
  constructor(type: GatewayResponseType, message: string = known[type][2]) {
    super(message)
    this.name = 'GatewayError'
    this.type = type
  }
}

/** The answer to an error; `apiId` is undefined where the request reached no API. */
export function gatewayResponse(
  store: Store,
  apiId: string | undefined,
  { type, message }: GatewayError,
): WireResponse {
  const [status, errorType] = known[type]
  const changed = (name: string) => (apiId === undefined ? undefined : store.gatewayResponses.get(`${apiId}/${name}`))
  const own = changed(type) ?? changed(status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX')
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-amzn-errortype': errorType }
  for (const [place, value] of Object.entries(own?.parameters ?? {})) {
    const name = place.replace(/^gatewayresponse\.header\./, '').toLowerCase()
    headers[name] = value.replace(/^'(.*)'$/s, '$1')
  }
  const template = own?.templates['application/json'] ?? '{"message":$context.error.messageString}'
  const body = render(template, {
    body: '',
    params: { path: {}, querystring: {}, header: {} },
    context: { error: { message, messageString: JSON.stringify(message), responseType: type } },
    stageVariables: {},
  })
  return { status: own?.status === undefined ? status : Number(own.status), headers, body }
}
