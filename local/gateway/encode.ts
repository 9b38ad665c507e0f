/** Output shapes and errors to responses, in the protocol that the request spoke. */
import { NormalizedSchema } from '@smithy/core/schema'
import type { AwsError } from './aws-error.ts'
import { codecOf, partOf, speaksXml, writeText } from './codec.ts'
import type { WireResponse } from './message.ts'
import type { Member, OperationModel, ServiceModel, Traits } from './model.ts'

const OK = 200
const PARTIAL_CONTENT = 206
const CLIENT_ERROR = 400
const SERVER_ERROR = 500
const DOCUMENT_SCHEMA = 15
const cborHeaders = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }

export function encodeOutput(operation: OperationModel, output: any, requestId: string): WireResponse {
  const { service } = operation
  const value = output ?? {}
  if (service.kind === 'query') return queryResult(operation, value, requestId)
  if (service.kind === 'rest') return restResult(operation, value)
  const headers: Record<string, string> =
    service.kind === 'cbor' ? cborHeaders : { 'content-type': contentType(service) }
  if (!operation.output.isStructSchema()) return { status: OK, headers, ...(service.kind === 'json' && { body: '{}' }) }
  return { status: OK, headers, body: codecOf(service).write(operation.outputSchema, value) }
}

function queryResult({ name, output, service }: OperationModel, value: any, requestId: string): WireResponse {
  const members = output.isStructSchema() ? ([...output.structIterator()] as [string, Member][]) : []
  const result = members.length
    ? String(codecOf(service).write(partOf(output, members, `${name}Result`), value)).replace(/ xmlns="[^"]*"/, '')
    : ''
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`
  const body = `<${name}Response xmlns="${service.xmlNamespace}">${result}${metadata}</${name}Response>`
  return { status: OK, headers: { 'content-type': 'text/xml' }, body }
}

function restResult({ traits: { http }, output, service }: OperationModel, value: any): WireResponse {
  const response: WireResponse = { status: http![2], headers: {} }
  if (!output.isStructSchema()) return response
  const inBody: [string, Member][] = []
  for (const [name, member] of output.structIterator() as Iterable<[string, Member]>) {
    const traits = member.getMergedTraits()
    const part = value[name]
    const prefix = traits.httpPrefixHeaders
    const bound = traits.httpHeader || traits.httpPayload || traits.httpResponseCode || typeof prefix === 'string'
    if (!bound) inBody.push([name, member])
    else if (part === undefined || part === null) continue
    else if (traits.httpResponseCode) response.status = part
    else if (traits.httpHeader) response.headers[traits.httpHeader.toLowerCase()] = writeText(member, part)
    else if (typeof prefix === 'string') {
      for (const key of Object.keys(part)) response.headers[(prefix + key).toLowerCase()] = String(part[key])
    } else {
      const raw = member.isBlobSchema() || member.isStringSchema()
      response.body = raw ? part : codecOf(service).write(member, part)
      response.headers['content-type'] ??= raw ? 'application/octet-stream' : contentType(service)
    }
  }
  // Smithy gives an operation one status; a range of an object is 206 (https://www.rfc-editor.org/rfc/rfc9110#name-206-partial-content).
  if (response.headers['content-range'] && response.status === OK) response.status = PARTIAL_CONTENT
  if (inBody.length > 0) {
    const text = codecOf(service).write(partOf(output, inBody), value)
    response.body = speaksXml(service) ? `<?xml version="1.0" encoding="UTF-8"?>\n${text}` : text
    response.headers['content-type'] = contentType(service)
  }
  return response
}

/** An error as the service's protocol writes it, with the status and code of its model. */
export function encodeError(service: ServiceModel, error: AwsError, requestId: string): WireResponse {
  const schema = service.errors.get(error.name)
  const traits: Traits = schema ? (NormalizedSchema.of(schema).getMergedTraits() as Traits) : {}
  const status = error.status ?? statusOf(service, traits)
  const code = traits.awsQueryError?.[0] ?? error.name
  const fault = status < SERVER_ERROR ? 'Sender' : 'Receiver'
  // Services that spoke awsQuery once keep its error codes in this header for old clients.
  const queryError: Record<string, string> = traits.awsQueryError ? { 'x-amzn-query-error': `${code};${fault}` } : {}
  const typed = {
    __type: schema ? `${schema[1]}#${error.name}` : error.name,
    message: error.message,
    ...error.fields,
  }
  if (service.kind === 'cbor') {
    return { status, headers: { ...cborHeaders, ...queryError }, body: codecOf(service).write(DOCUMENT_SCHEMA, typed) }
  }
  if (service.kind === 'json') {
    return { status, headers: { 'content-type': contentType(service), ...queryError }, body: JSON.stringify(typed) }
  }
  if (service.kind === 'query') {
    const detail = `<Error><Type>${fault}</Type><Code>${code}</Code><Message>${escapeXml(error.message)}</Message></Error>`
    const body = `<ErrorResponse xmlns="${service.xmlNamespace}">${detail}<RequestId>${requestId}</RequestId></ErrorResponse>`
    return { status, headers: { 'content-type': 'text/xml' }, body }
  }
  if (speaksXml(service)) {
    const fields = Object.entries(error.fields).map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
    const detail = `<Code>${code}</Code><Message>${escapeXml(error.message)}</Message>${fields.join('')}`
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${detail}<RequestId>${requestId}</RequestId></Error>`
    return { status, headers: { 'content-type': 'application/xml' }, body }
  }
  const body = JSON.stringify({ message: error.message, Message: error.message, ...error.fields })
  return { status, headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.name }, body }
}

function statusOf(service: ServiceModel, traits: Traits): number {
  const fallback = traits.error === 'server' ? SERVER_ERROR : CLIENT_ERROR
  if (service.kind === 'json') return fallback
  return traits.awsQueryError?.[1] ?? traits.httpError ?? fallback
}

function contentType(service: ServiceModel): string {
  const id: string = service.protocol.getShapeId()
  if (id.endsWith('awsJson1_0')) return 'application/x-amz-json-1.0'
  if (id.endsWith('awsJson1_1')) return 'application/x-amz-json-1.1'
  return id.endsWith('restXml') ? 'application/xml' : 'application/json'
}

function escapeXml(text: string): string {
  return text.replace(/[<>&]/g, (character) => `&#${character.charCodeAt(0)};`)
}
