/**
 * How fast the gateway answers, beside a bare node:http server in the same run:
 * `node bench/gateway.ts`. Prints calls a second and the ratio.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { modelOf } from '../local/gateway/model.ts'
import { decideIdentity } from '../local/gateway/policy.ts'
import { listen } from '../local/gateway/server.ts'
import { LocalCloud } from '../local/local-cloud.ts'

const SECONDS = 2
const LANES = 16

async function rate(work: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + SECONDS * 1000
  let calls = 0
  const lane = async () => {
    while (performance.now() < end) {
      await work()
      calls++
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return calls / SECONDS
}

const agent = new http.Agent({ keepAlive: true, maxSockets: LANES })
function post(url: string, headers: Record<string, string>, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (response) => {
        response.resume()
        response.on('end', resolve)
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const dataDir = mkdtempSync(join(tmpdir(), 'stepwell-bench-'))
const cloud = new LocalCloud({ dataDir, url: 'http://127.0.0.1' })
cloud.services.set('states', {
  name: 'states',
  schemas: () => import('@aws-sdk/client-sfn'),
  operations: {
    DescribeExecution: ({ executionArn }) => ({ executionArn, status: 'RUNNING', startDate: new Date(0) }),
  },
  may: () => [],
})
const model = modelOf('states', await import('@aws-sdk/client-sfn'))
const gateway = await listen(
  0,
  Promise.resolve({
    model: async () => model,
    principal: () => cloud.admin,
    invoke: (call, service, operation, input) => cloud.invoke(call, service, operation, input),
    page: async () => undefined,
    log: () => {},
  }),
)
const bare = http.createServer((request, response) => {
  request.resume()
  request.on('end', () => response.end('{"executionArn":"arn","status":"RUNNING","startDate":0}'))
})
await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve))
const bareUrl = `http://127.0.0.1:${(bare.address() as any).port}`
const headers = {
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': 'AWSStepFunctions.DescribeExecution',
  authorization:
    'AWS4-HMAC-SHA256 Credential=bench/20261122/us-east-1/states/aws4_request, SignedHeaders=host, Signature=x',
}
const body = '{"executionArn":"arn:aws:states:us-east-1:000000000000:execution:Batch:x"}'

const plain = await rate(() => post(bareUrl, headers, body))
const wire = await rate(() => post(gateway.url, headers, body))
const door = await rate(() => cloud.call(cloud.admin, 'states', 'DescribeExecution', { executionArn: 'x' }))

const question = { action: 's3:GetObject', resource: 'arn:aws:s3:::raw/origination/a', context: {} }
const policies = [
  { Statement: [{ Effect: 'Allow' as const, Action: ['s3:PutObject', 's3:Get*'], Resource: ['arn:aws:s3:::raw/*'] }] },
]
const started = performance.now()
const DECISIONS = 500_000
for (let i = 0; i < DECISIONS; i++) decideIdentity(policies, question)
const decisions = DECISIONS / ((performance.now() - started) / 1000)

const line = (name: string, value: number, note = '') =>
  console.log(`${name.padEnd(34)}${Math.round(value).toLocaleString('en').padStart(12)} /s  ${note}`)
line('bare node:http', plain)
line('gateway, awsJson over HTTP', wire, `${(wire / plain).toFixed(2)} × bare`)
line('the door, in process', door)
line('IAM decisions', decisions)

await gateway.close()
bare.close()
agent.destroy()
cloud.close()
rmSync(dataDir, { recursive: true, force: true })
