import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import type { WireResponse } from '../../../local/gateway/message.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createApiGateway } from '../../../local/services/apigateway/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let house: Service
let api: string
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:classify'
const proxy = {
  Type: 'AWS_PROXY',
  IntegrationHttpMethod: 'POST',
  Uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
}
const start = {
  Type: 'AWS',
  Uri: 'arn:aws:apigateway:us-east-1:states:action/StartExecution',
  Credentials: 'arn:aws:iam::000000000000:role/Api',
  PassthroughBehavior: 'NEVER',
  RequestTemplates: {
    'application/json': `{"stateMachineArn": "M", "input": "$util.escapeJavaScript($input.json('$')).replaceAll("\\\\'", "'")"}`,
  },
  IntegrationResponses: [
    { StatusCode: '200' },
    { StatusCode: '400', SelectionPattern: '4\\d{2}' },
    { StatusCode: '500', SelectionPattern: '5\\d{2}' },
  ],
}

beforeEach(async () => {
  cloud = testCloud()
  house = cloud.add(createApiGateway(cloud))
  const made = await cloud.deploy('AWS::ApiGateway::RestApi', 'Api', { Name: 'Api', BinaryMediaTypes: ['image~1*'] })
  api = made.ref
  const resource = async (id: string, ParentId: string, PathPart: string) =>
    (await cloud.deploy('AWS::ApiGateway::Resource', id, { RestApiId: api, ParentId, PathPart })).ref
  const root = made.attributes!.RootResourceId!
  const items = await resource('Items', root, 'items')
  const item = await resource('Item', items, '{id}')
  const rest = await resource('Rest', root, '{proxy+}')
  await resource('Latest', items, 'latest')
  await method('ItemsAny', items, 'ANY', proxy)
  await method('ItemGet', item, 'GET', proxy)
  await method('RestGet', rest, 'GET', proxy)
  await stage({})
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.dispose()
})

const method = (id: string, ResourceId: string, HttpMethod: string, Integration: object, more: object = {}) =>
  cloud.deploy('AWS::ApiGateway::Method', id, {
    RestApiId: api,
    ResourceId,
    HttpMethod,
    AuthorizationType: 'NONE',
    Integration,
    ...more,
  })
const stage = (more: object) =>
  cloud.deploy('AWS::ApiGateway::Stage', 'Stage', {
    RestApiId: api,
    StageName: 'v1',
    Variables: { color: 'red' },
    ...more,
  })
const resourceOf = async (path: string) =>
  (await cloud.as('apigateway', 'GetResources', { restApiId: api })).items.find((one: any) => one.path === path).id

async function send(
  httpMethod: string,
  path: string,
  { body = '' as string | Buffer, headers = {} as Record<string, string>, prefix = `/execute-api/${api}/v1` } = {},
) {
  const [pathname = '', query] = path.split('?')
  const response = await house.page!({
    method: httpMethod,
    path: prefix + pathname,
    query: new URLSearchParams(query),
    headers: { host: '127.0.0.1:4566', ...headers },
    bytes: async () => Buffer.from(body as string),
    stream: () => Readable.from([body]),
  })
  return response as WireResponse & { body: any }
}
const answer = (payload: object) =>
  cloud.fake('lambda', { Invoke: () => ({ StatusCode: 200, Payload: Buffer.from(JSON.stringify(payload)) }) })
const events = () => cloud.calls.filter((one) => one.service === 'lambda').map((one) => JSON.parse(one.input.Payload))
const signed = (key = 'AKIAADMIN') => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/execute-api/aws4_request, …`,
})

describe('a Lambda proxy', () => {
  it('gives the function the request, as the service, and the caller its answer', async () => {
    answer({ statusCode: 201, headers: { 'X-One': '1' }, multiValueHeaders: { 'X-Two': ['a', 'b'] }, body: 'made' })

    const response = await send('POST', '/items?a=1&a=2', {
      body: '{"x":1}',
      headers: { 'content-type': 'application/json' },
    })

    expect(response).toEqual({
      status: 201,
      headers: { 'content-type': 'application/json', 'x-one': '1', 'x-two': 'a, b' },
      body: 'made',
    })
    expect(cloud.calls.at(-1)).toMatchObject({
      principal: {
        service: 'apigateway.amazonaws.com',
        sourceArn: `arn:aws:execute-api:us-east-1:000000000000:${api}/v1/POST/items`,
      },
      input: { FunctionName: functionArn, InvocationType: 'RequestResponse' },
    })
    expect(events()[0]).toMatchObject({
      resource: '/items',
      path: '/items',
      httpMethod: 'POST',
      headers: { 'content-type': 'application/json' },
      queryStringParameters: { a: '2' },
      multiValueQueryStringParameters: { a: ['1', '2'] },
      pathParameters: null,
      stageVariables: { color: 'red' },
      body: '{"x":1}',
      isBase64Encoded: false,
      requestContext: { apiId: api, stage: 'v1', path: '/v1/items', resourcePath: '/items' },
    })
  })

  it('takes the resource that fits best', async () => {
    answer({ statusCode: 200 })
    const latest = await resourceOf('/items/latest')
    await method('LatestGet', latest, 'GET', proxy)

    for (const path of ['/items/7%20a', '/items/latest', '/items/7/x', '/other']) await send('GET', path)

    expect(events().map((event) => [event.resource, event.pathParameters])).toEqual([
      ['/items/{id}', { id: '7 a' }],
      ['/items/latest', null],
      ['/{proxy+}', { proxy: 'items/7/x' }],
      ['/{proxy+}', { proxy: 'other' }],
    ])
  })

  it('carries bytes both ways in base64', async () => {
    const bytes = Buffer.from([0, 255, 1])
    answer({
      statusCode: 200,
      isBase64Encoded: true,
      headers: { 'Content-Type': 'image/png' },
      body: bytes.toString('base64'),
    })

    const response = await send('POST', '/items', {
      body: bytes,
      headers: { 'content-type': 'image/png', accept: 'image/png' },
    })

    expect(events()[0]).toMatchObject({ isBase64Encoded: true, body: bytes.toString('base64') })
    expect(response.body).toEqual(bytes)
  })

  it.each([
    ['an error', { StatusCode: 200, FunctionError: 'Unhandled', Payload: Buffer.from('{"errorMessage":"x"}') }],
    ['no JSON', { StatusCode: 200, Payload: Buffer.from('plain') }],
    ['a body that is no text', { StatusCode: 200, Payload: Buffer.from('{"statusCode":200,"body":{}}') }],
  ])('answers 502 to %s', async (_what, output) => {
    cloud.fake('lambda', { Invoke: () => output })

    const response = await send('GET', '/items')

    expect(response).toMatchObject({ status: 502, body: '{"message":"Internal server error"}' })
    expect(cloud.lines.at(-1)).toMatchObject({ level: 'error' })
  })

  it('answers 500 when it may not call the function, and 504 when that takes too long', async () => {
    cloud.fake('lambda', {
      Invoke: () => {
        throw new AwsError('AccessDeniedException', 'no', {}, 403)
      },
    })
    expect((await send('GET', '/items')).status).toBe(500)
    vi.useFakeTimers()
    cloud.fake('lambda', { Invoke: () => new Promise(() => {}) })

    const late = send('GET', '/items')
    await vi.advanceTimersByTimeAsync(29_000)

    expect(await late).toMatchObject({ status: 504, body: '{"message":"Endpoint request timed out"}' })
  })
})

describe('starting executions', () => {
  const validated = async () => {
    const models = await cloud.deploy('AWS::ApiGateway::Model', 'Model', { RestApiId: api, Schema: { type: 'object' } })
    const validator = await cloud.deploy('AWS::ApiGateway::RequestValidator', 'V', {
      RestApiId: api,
      ValidateRequestBody: true,
    })
    await method('ItemsAny', await resourceOf('/items'), 'POST', start, {
      AuthorizationType: 'AWS_IAM',
      RequestModels: { 'application/json': models.ref },
      RequestValidatorId: validator.ref,
    })
  }

  it('needs a signature, and calls Step Functions as the role of the integration', async () => {
    await validated()
    cloud.fake('states', { StartExecution: () => ({ executionArn: 'E', startDate: new Date(1500) }) })

    const unsigned = await send('POST', '/items', { body: '{}' })
    const response = await send('POST', '/items', { body: `{"who":"O'Neil"}`, headers: signed() })

    expect(unsigned).toMatchObject({ status: 403, body: '{"message":"Missing Authentication Token"}' })
    expect(response).toMatchObject({ status: 200, body: '{"executionArn":"E","startDate":1.5}' })
    expect(cloud.calls.at(-1)).toMatchObject({
      principal: { arn: 'arn:aws:sts::000000000000:assumed-role/Api/BackplaneAssumeRoleSession' },
      service: 'states',
      operation: 'StartExecution',
      input: { stateMachineArn: 'M', input: `{"who":"O'Neil"}` },
    })
  })

  it('asks IAM who may invoke the method', async () => {
    await validated()
    const { accessKeyId } = cloud.assumeRole('arn:aws:iam::000000000000:role/Caller', 'lambda.amazonaws.com', 's')
    cloud.decide = (_principal, { action, resource }) => {
      expect([action, resource]).toEqual([
        'execute-api:Invoke',
        `arn:aws:execute-api:us-east-1:000000000000:${api}/v1/POST/items`,
      ])
      return false
    }

    const response = await send('POST', '/items', { body: '{}', headers: signed(accessKeyId) })

    expect(response).toMatchObject({ status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' } })
    expect(JSON.parse(response.body).message).toContain(
      'assumed-role/Caller/s is not authorized to perform: execute-api:Invoke',
    )
  })

  it.each([
    ['[]', 400, 'Invalid request body'],
    ['{', 400, 'Invalid request body'],
    ['', 400, 'Invalid request body'],
  ])('refuses the body %j', async (body, status, message) => {
    await validated()

    const response = await send('POST', '/items', { body, headers: signed() })

    expect(response).toMatchObject({ status, body: JSON.stringify({ message }) })
  })

  it('takes JSON only', async () => {
    await validated()

    const response = await send('POST', '/items', {
      body: 'a=1',
      headers: { ...signed(), 'content-type': 'text/plain' },
    })

    expect(response).toMatchObject({ status: 415, body: '{"message":"Unsupported Media Type"}' })
  })

  it('answers the errors of Step Functions with the response that their status selects', async () => {
    await validated()
    cloud.fake('states', {
      StartExecution: () => {
        throw new AwsError('StateMachineDoesNotExist', 'State Machine Does Not Exist')
      },
    })

    const response = await send('POST', '/items', { body: '{}', headers: signed() })

    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toEqual({
      __type: 'StateMachineDoesNotExist',
      message: 'State Machine Does Not Exist',
    })
  })
})

describe('a stage', () => {
  it('throttles', async () => {
    answer({ statusCode: 200 })
    vi.useFakeTimers()
    await stage({
      MethodSettings: [{ HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 }],
    })
    const statuses = async (count: number) => {
      const found: number[] = []
      for (let i = 0; i < count; i++) found.push((await send('GET', '/items')).status)
      return found
    }

    expect(await statuses(3)).toEqual([200, 200, 429])
    vi.advanceTimersByTime(1000)
    expect(await statuses(2)).toEqual([200, 429])
  })

  it('answers a CORS preflight', async () => {
    await method('Options', await resourceOf('/items'), 'OPTIONS', {
      Type: 'MOCK',
      RequestTemplates: { 'application/json': '{ statusCode: 204 }' },
      IntegrationResponses: [
        { StatusCode: '204', ResponseParameters: { 'method.response.header.Access-Control-Allow-Origin': "'*'" } },
      ],
    })

    const response = await send('OPTIONS', '/items')

    expect(response).toMatchObject({ status: 204, headers: { 'access-control-allow-origin': '*' } })
  })

  it('is found by host name too; other paths are not its own', async () => {
    answer({ statusCode: 200, body: 'here' })
    const host = `${api}.execute-api.localhost:4566`

    expect((await send('GET', '/items', { prefix: '/v1', headers: { host } })).body).toBe('here')
    expect(await send('GET', '/items', { prefix: '/bucket' })).toBeUndefined()
    expect((await send('GET', '/items', { prefix: '/execute-api/none/v1' })).status).toBe(403)
    expect((await send('GET', '/items', { prefix: `/execute-api/${api}/v2` })).status).toBe(403)
    expect((await send('DELETE', '/items/7')).status).toBe(403)
  })

  it('answers errors as the API wants them', async () => {
    await cloud.deploy('AWS::ApiGateway::GatewayResponse', 'G', {
      RestApiId: api,
      ResponseType: 'DEFAULT_4XX',
      ResponseParameters: { 'gatewayresponse.header.Access-Control-Allow-Origin': "'*'" },
      ResponseTemplates: { 'application/json': '{"why":$context.error.messageString}' },
    })

    const response = await send('DELETE', '/items/7')

    expect(response).toMatchObject({
      status: 403,
      headers: { 'access-control-allow-origin': '*' },
      body: '{"why":"Missing Authentication Token"}',
    })
  })

  it('asks for the parameters that a method requires', async () => {
    const validator = await cloud.deploy('AWS::ApiGateway::RequestValidator', 'V', {
      RestApiId: api,
      ValidateRequestParameters: true,
    })
    await method('ItemsAny', await resourceOf('/items'), 'ANY', proxy, {
      RequestValidatorId: validator.ref,
      RequestParameters: { 'method.request.querystring.name': true, 'method.request.header.X-Other': false },
    })

    expect((await send('GET', '/items')).body).toBe('{"message":"Missing required request parameters: [name]"}')
  })

  it('counts requests, and those that failed, by the name of the API', async () => {
    cloud.fake('monitoring', { PutMetricData: () => ({}) })
    await send('GET', '/items')
    await send('DELETE', '/nowhere')

    await house.close?.()

    const data = cloud.calls.filter(({ service }) => service === 'monitoring').flatMap(({ input }) => input.MetricData)
    expect(data.map(({ MetricName, StatisticValues: { Sum } }) => [MetricName, Sum])).toEqual([
      ['Count', 2],
      ['4XXError', 1],
      ['5XXError', 1],
      ['Latency', expect.any(Number)],
    ])
    for (const { Dimensions } of data) expect(Dimensions).toEqual([{ Name: 'ApiName', Value: 'Api' }])
  })

  it('takes bodies of at most 10 MB', async () => {
    const response = await send('POST', '/items', { headers: { 'content-length': String(11 * 1024 * 1024) } })

    expect(response.status).toBe(413)
  })
})

describe('an API of the template', () => {
  it.each([
    [{ Type: 'HTTP_PROXY', Uri: 'https://example.com' }, {}, 'is served as AWS, AWS_PROXY and MOCK only'],
    [proxy, { AuthorizationType: 'CUSTOM' }, 'is served as NONE and AWS_IAM only'],
    [proxy, { ApiKeyRequired: true }, 'API keys are not'],
    [{ ...start, RequestTemplates: { 'application/json': '#set($x = 1)' } }, {}, 'The directive #set'],
    [{ Type: 'AWS', Uri: 'arn:aws:apigateway:us-east-1:s3:path/b/k' }, {}, 'has to name a Lambda function'],
  ])('is refused at the boot where it asks for what is not served: %j %j', async (integration, more, reason) => {
    const error = await failure(async () => method('M', await resourceOf('/items'), 'PUT', integration, more))

    expect(error.message).toContain(reason)
  })

  it('is listed with its resources and stages, and leaves with all of them', async () => {
    expect((await cloud.as('apigateway', 'GetRestApis')).items).toMatchObject([{ id: api, name: 'Api' }])
    expect((await cloud.as('apigateway', 'GetStages', { restApiId: api })).item).toMatchObject([{ stageName: 'v1' }])
    await cloud.undeploy('Api')

    expect((await cloud.as('apigateway', 'GetRestApis')).items).toEqual([])
    expect((await send('GET', '/items')).status).toBe(403)
  })
})
