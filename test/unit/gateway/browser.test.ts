/** What a web page that somebody visits can make a browser send to 127.0.0.1, and what must not come of it. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { modelOf, type ServiceModel } from '../../../local/gateway/model.ts'
import { type Gateway, listen } from '../../../local/gateway/server.ts'

let gateway: Gateway
let calls: string[] = []
beforeEach(() => {
  calls = []
})
beforeAll(async () => {
  const models: Record<string, ServiceModel> = {
    s3: modelOf('s3', await import('@aws-sdk/client-s3')),
    lambda: modelOf('lambda', await import('@aws-sdk/client-lambda')),
    sns: modelOf('sns', await import('@aws-sdk/client-sns')),
    states: modelOf('states', await import('@aws-sdk/client-sfn')),
  }
  gateway = await listen(
    0,
    Promise.resolve({
      model: async (name) => models[name],
      principal: (key) => ({ arn: key ?? 'anonymous', policies: () => [] }),
      async invoke(_call, service, operation) {
        calls.push(`${service}:${operation}`)
        return operation === 'GetObject' ? { Body: Buffer.from('<script>'), ContentType: 'text/html' } : {}
      },
      page: async ({ path }) =>
        path.startsWith('/execute-api/') || path === '/page'
          ? { status: 200, headers: {}, body: `${calls.push(path)}` }
          : undefined,
      log: () => {},
    }),
  )
})
afterAll(() => gateway.close())

const scope = (service: string) => `X-Amz-Credential=any/20261122/us-east-1/${service}/aws4_request`
const target = { 'x-amz-target': 'AWSStepFunctions.StartExecution', 'content-type': 'application/x-amz-json-1.0' }

function send(method: string, path: string, headers: Record<string, string>, body = '') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const sent = request(`${gateway.url}${path}`, { method, headers }, async (answer) =>
      resolve({ status: answer.statusCode!, headers: answer.headers, body: await text(answer) }),
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

describe('A web page of another origin', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }
  it.each([
    ['POST', `/?${scope('sns')}`, { ...form, ...evil }, 'Action=Publish&Message=x'],
    ['POST', `/2015-03-31/functions/f/invocations?${scope('lambda')}`, { 'content-type': 'text/plain', ...evil }, '{}'],
    ['POST', '/', { ...target, origin: 'https://evil.example' }, '{}'],
    ['POST', '/', { ...target, origin: 'null' }, '{}'],
    ['POST', '/', { ...target, origin: 'http://127.0.0.1:3000' }, '{}'],
    // A path of REST APIs does not make an operation one.
    ['POST', `/execute-api/?${scope('sns')}`, { ...form, ...evil }, 'Action=Publish&Message=x'],
    ['GET', `/bucket/key?${scope('s3')}`, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, ''],
    ['GET', '/page', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, ''],
  ])('calls nothing: %s %s', async (method, path, headers, body) => {
    const answer = await send(method, path, headers as unknown as Record<string, string>, body)
    expect([answer.status, calls]).toEqual([403, []])
    expect(answer.body).toMatch(/no requests from other web pages/)
  })

  it('may be followed to here by a link', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await send('GET', '/page', headers)).status).toBe(200)
  })

  it('may ask a REST API, which has CORS of its own', async () => {
    expect((await send('POST', '/execute-api/abcdefghij/prod/classify', evil)).status).toBe(200)
  })
})

describe('The console’s own page', () => {
  it('calls operations', async () => {
    const headers = { ...target, origin: gateway.url, 'sec-fetch-site': 'same-origin' }
    expect((await send('POST', '/', headers, '{}')).status).toBe(200)
    expect(calls).toEqual(['states:StartExecution'])
  })

  it('shares its origin with no object of a bucket', async () => {
    const shown = await send('GET', `/bucket/page.html?${scope('s3')}`, {
      'sec-fetch-site': 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    })
    const fetched = await send('GET', `/bucket/page.html?${scope('s3')}`, {})
    expect(shown.headers['content-security-policy']).toMatch(/^sandbox(?!.*allow-same-origin)/)
    expect(fetched.headers['content-security-policy']).toBeUndefined()
  })
})

describe('A body', () => {
  it('that is larger than any operation takes is refused before it is read', async () => {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write(
      `POST / HTTP/1.1\r\nhost: 127.0.0.1:${gateway.port}\r\nx-amz-target: ${target['x-amz-target']}\r\ncontent-length: 999999999999\r\n\r\n{`,
    )
    const answer = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))))
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(calls).toEqual([])
  })
})
