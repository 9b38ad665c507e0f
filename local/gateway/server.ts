/** One port on 127.0.0.1, HTTP/1.1 and h2c: finds who calls which service, decodes, asks the cloud, encodes. */
import { randomUUID } from 'node:crypto'
import http from 'node:http'
import http2 from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { AwsError } from './aws-error.ts'
import { bodyBytes, bodyStream } from './body.ts'
import { foreignPage, keptApart } from './browser.ts'
import { callerOf } from './caller.ts'
import { decodeInput, operationOf } from './decode.ts'
import { encodeError, encodeOutput } from './encode.ts'
import type { WireRequest, WireResponse } from './message.ts'
import type { ServiceModel } from './model.ts'
import type { Principal } from './principal.ts'
import type { Call } from './service.ts'

const HOST = '127.0.0.1'
const KEEP_ALIVE_MS = 60_000
/** A connection that has not sent a whole header by then is closed. */
const HEADERS_MS = 60_000
const HTTP2_PREFACE = 'PRI'
const SERVER_ERROR = 500

/** What the port asks of the cloud behind it. */
export interface Backend {
  /** The model of a service in the protocol that the request speaks; undefined when there is no such service. */
  model(signingName: string, request: WireRequest): Promise<ServiceModel | undefined>
  principal(accessKeyId: string | undefined): Principal
  invoke(call: Call, service: string, operation: string, input: unknown): Promise<unknown>
  /** Paths that speak no AWS protocol: REST APIs, health, console. */
  page(request: WireRequest): Promise<WireResponse | undefined>
  log(level: 'info' | 'warn' | 'error', message: string): void
}

export interface Gateway {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  constructor(port: number) {
    super(`Port ${port} on ${HOST} is taken by another program. Stop it, or choose another port with --port.`)
  }
}

/** Listens before the cloud is up, so that its address is known; calls wait for `backend`. @throws PortInUseError */
export async function listen(port: number, backend: Promise<Backend>): Promise<Gateway> {
  const handle = (request: http.IncomingMessage, response: http.ServerResponse) =>
    void answer(backend, request, response)
  const options = { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS, requestTimeout: 0, noDelay: true }
  const http1 = http.createServer(options, handle)
  // It gets its sockets from below and never listens itself, but watches for late headers only from this event on.
  http1.emit('listening')
  const h2c = http2.createServer({}, handle as any)
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    // An h2c client with prior knowledge starts with "PRI * HTTP/2.0".
    socket.setTimeout(HEADERS_MS, () => socket.destroy())
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0).removeAllListeners('timeout')
      socket.pause()
      socket.unshift(first)
      const isHttp2 = first.subarray(0, HTTP2_PREFACE.length).toString() === HTTP2_PREFACE
      ;(isHttp2 ? h2c : http1).emit('connection', socket)
      process.nextTick(() => socket.resume())
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new PortInUseError(port) : error),
    )
    server.listen(port, HOST, resolve)
  })
  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${HOST}:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        http1.close()
        h2c.close()
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function answer(
  ready: Promise<Backend>,
  message: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const requestId = randomUUID()
  message.on('error', () => {})
  try {
    const backend = await ready
    const request = wireRequest(message)
    const reply = await replyTo(backend, request, requestId)
    // A body that nobody has read would hold the connection.
    if (!message.readableEnded) message.resume()
    send(message, response, reply, requestId)
  } catch (error) {
    message.resume()
    if (!response.headersSent) response.writeHead(SERVER_ERROR)
    response.end(error instanceof Error ? error.message : String(error))
  }
}

function wireRequest(message: http.IncomingMessage): WireRequest {
  const url = message.url ?? '/'
  const at = url.indexOf('?')
  let bytes: Promise<Buffer> | undefined
  const verified =
    message.headers['content-encoding'] === 'aws-chunked' || message.headers['x-amz-content-sha256'] !== undefined
  return {
    method: message.method ?? 'GET',
    path: at < 0 ? url : url.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)),
    headers: message.headers,
    stream: () => bodyStream(message),
    bytes: () => {
      bytes ??= bodyBytes(message, verified)
      return bytes
    },
  }
}

/** Names of this machine. Under any other name a web page could have its own domain point here (DNS rebinding). */
const LOCAL_HOST = /^(?:[\w.-]+\.)?(?:sync-)?(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/
const REST_API = /^[^/]*\/execute-api\/|^[a-z0-9]{10}\.execute-api\./
const FORBIDDEN = 403

async function replyTo(backend: Backend, request: WireRequest, requestId: string): Promise<WireResponse> {
  const host = String(request.headers[':authority'] ?? request.headers.host ?? '')
  if (!LOCAL_HOST.test(host)) {
    const body = `The local cloud answers on 127.0.0.1 and localhost only, not as "${host}".\n`
    return { status: FORBIDDEN, headers: { 'content-type': 'text/plain' }, body }
  }
  const caller = callerOf(request)
  // REST APIs answer pages of any origin as their own methods decide (CORS), as on AWS.
  const isRest = !caller.service || caller.service === 'execute-api'
  const sender = isRest && REST_API.test(`${host}${request.path}`) ? undefined : foreignPage(request, host)
  if (sender !== undefined) {
    const body = `The local cloud takes no requests from other web pages, and this one comes from ${sender}.\n`
    return { status: FORBIDDEN, headers: { 'content-type': 'text/plain' }, body }
  }
  if (isRest) {
    const page = await backend.page(request)
    if (page) return page
  }
  const name = caller.service ?? 's3'
  const model = await backend.model(name, request)
  if (!model) return noService(name, request)
  try {
    const form = model.kind === 'query' ? new URLSearchParams((await request.bytes()).toString()) : undefined
    const operation = operationOf(model, request, form)
    const input = await decodeInput(operation, request, form)
    const call = { principal: backend.principal(caller.accessKeyId), requestId, headers: request.headers }
    const output = await backend.invoke(call, model.signingName, operation.name, input)
    const response = encodeOutput(operation, output, requestId)
    return { ...response, headers: { ...response.headers, ...keptApart(request.headers) } }
  } catch (error) {
    if (error instanceof AwsError) return encodeError(model, error, requestId)
    backend.log('error', error instanceof Error ? (error.stack ?? error.message) : String(error))
    const text = `The local cloud failed on this request: ${error instanceof Error ? error.message : String(error)}`
    return encodeError(model, new AwsError('InternalFailure', text, {}, SERVER_ERROR), requestId)
  }
}

/** In the protocol of the question: clients of the query protocol read nothing but XML. */
function noService(name: string, { headers }: WireRequest): WireResponse {
  const code = 'UnknownOperationException'
  const message = `The local cloud has no service "${name.replaceAll(/[^\w.-]/g, '')}".`
  const isQuery = String(headers['content-type']).startsWith('application/x-www-form-urlencoded')
  return {
    status: 501,
    headers: { 'content-type': isQuery ? 'text/xml' : 'application/json', 'x-amzn-errortype': code },
    body: isQuery
      ? `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
      : JSON.stringify({ __type: code, message }),
  }
}

function send(
  message: http.IncomingMessage,
  response: http.ServerResponse,
  reply: WireResponse,
  requestId: string,
): void {
  const headers: Record<string, string | number> = {
    'x-amzn-requestid': requestId,
    'x-amz-request-id': requestId,
    ...reply.headers,
  }
  const { body } = reply
  if (body instanceof Readable) {
    response.writeHead(reply.status, headers)
    if (message.method === 'HEAD') {
      body.destroy()
      response.end()
    } else pipeline(body, response, () => {})
    return
  }
  headers['content-length'] ??= body === undefined ? 0 : Buffer.byteLength(body)
  response.writeHead(reply.status, headers)
  if (body === undefined || message.method === 'HEAD') response.end()
  else response.end(body)
}
