/** Requests to input shapes: the server's half of Smithy's protocols (https://smithy.io/2.0/aws/protocols/index.html). */
import { AwsError } from './aws-error.ts'
import { codecOf, partOf, readText } from './codec.ts'
import type { WireRequest } from './message.ts'
import type { Member, OperationModel, ServiceModel } from './model.ts'
import { matchRoute } from './route.ts'

const NOT_FOUND = 404

/** @throws AwsError UnknownOperationException, InvalidAction */
export function operationOf(service: ServiceModel, request: WireRequest, form?: URLSearchParams): OperationModel {
  if (service.kind === 'rest') {
    const operation = matchRoute(service, request)
    if (operation) return operation
    const message = `${request.method} ${request.path} is no operation of ${service.id}.`
    throw new AwsError('UnknownOperationException', message, {}, NOT_FOUND)
  }
  const name = operationName(service, request, form)
  const operation = service.operations.get(name)
  if (operation) return operation
  if (service.kind !== 'query')
    throw new AwsError('UnknownOperationException', `${service.id} has no operation "${name}".`)
  throw new AwsError('InvalidAction', `The action ${name} is not valid for this endpoint.`)
}

function operationName(service: ServiceModel, request: WireRequest, form?: URLSearchParams): string {
  if (service.kind === 'query') return form?.get('Action') ?? ''
  if (service.kind === 'cbor') return request.path.split('/operation/')[1] ?? ''
  return String(request.headers['x-amz-target'] ?? '')
    .split('.')
    .pop()!
}

/** @throws AwsError SerializationException where the body is not of the protocol */
export async function decodeInput(
  operation: OperationModel,
  request: WireRequest,
  form?: URLSearchParams,
): Promise<any> {
  if (!operation.input.isStructSchema()) return {}
  const { kind } = operation.service
  if (kind === 'query') return fromForm(operation.input, form!)
  if (kind === 'rest') return fromRest(operation, request)
  return readBody(operation.service, operation.inputSchema, await request.bytes())
}

async function readBody(service: ServiceModel, schema: unknown, bytes: Uint8Array): Promise<any> {
  if (bytes.length === 0) return {}
  try {
    return await codecOf(service).read(schema, bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AwsError('SerializationException', `The request body could not be read: ${reason}`)
  }
}

async function fromRest(operation: OperationModel, request: WireRequest): Promise<any> {
  const { route, service, input: schema } = operation
  const input: Record<string, unknown> = {}
  const inBody: [string, Member][] = []
  const labels = route!.path.exec(request.path)!.slice(1).map(decodeLabel)
  const boundQuery = new Set(route!.literals.map(([name]) => name))
  for (const [name, member] of schema.structIterator() as Iterable<[string, Member]>) {
    const traits = member.getMergedTraits()
    if (traits.httpLabel) input[name] = readText(member, labels[route!.labels.indexOf(name)]!)
    else if (traits.httpQuery) {
      boundQuery.add(traits.httpQuery)
      const values = request.query.getAll(traits.httpQuery)
      if (values.length === 0) continue
      input[name] = member.isListSchema()
        ? values.map((value) => readText(member.getValueSchema() as Member, value))
        : readText(member, values[0]!)
    } else if (traits.httpHeader) {
      const value = request.headers[traits.httpHeader.toLowerCase()]
      if (value !== undefined) input[name] = readText(member, String(value))
    } else if (typeof traits.httpPrefixHeaders === 'string') {
      const found = prefixedHeaders(request.headers, traits.httpPrefixHeaders.toLowerCase())
      if (found) input[name] = found
    } else if (traits.httpQueryParams) {
      input[name] = Object.fromEntries([...request.query].filter(([key]) => !boundQuery.has(key)))
    } else if (traits.httpPayload) {
      const payload = await payloadOf(service, member, request)
      if (payload !== undefined) input[name] = payload
    } else inBody.push([name, member])
  }
  if (inBody.length > 0) {
    Object.assign(input, await readBody(service, partOf(schema, inBody), await request.bytes()))
  }
  return input
}

async function payloadOf(service: ServiceModel, member: Member, request: WireRequest): Promise<unknown> {
  if (member.isStreaming()) return request.stream()
  const bytes = await request.bytes()
  if (bytes.length === 0) return undefined
  if (member.isBlobSchema()) return bytes
  return member.isStringSchema() ? bytes.toString() : readBody(service, member, bytes)
}

function decodeLabel(label: string): string {
  try {
    return decodeURIComponent(label)
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.")
  }
}

/** `x-amz-meta-*` headers as a map without their prefix. */
function prefixedHeaders(headers: WireRequest['headers'], prefix: string): Record<string, string> | undefined {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(prefix))
  if (found.length === 0) return undefined
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), String(value)]))
}

/** `A.member.1.B=x` → `{A: [{B: 'x'}]}` (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html). */
function fromForm(schema: Member, form: URLSearchParams, prefix = ''): any {
  const at = (key: string) => (prefix ? `${prefix}.${key}` : key)
  if (schema.isStructSchema()) {
    const value: Record<string, unknown> = {}
    for (const [name, member] of schema.structIterator() as Iterable<[string, Member]>) {
      const key = at(member.getMergedTraits().xmlName ?? name)
      if (has(form, key)) value[name] = fromForm(member, form, key)
    }
    return value
  }
  const traits = schema.getMergedTraits()
  if (schema.isListSchema()) {
    const item = schema.getValueSchema() as Member
    const base = traits.xmlFlattened ? prefix : at(item.getMergedTraits().xmlName ?? 'member')
    const list: unknown[] = []
    for (let i = 1; has(form, `${base}.${i}`); i++) list.push(fromForm(item, form, `${base}.${i}`))
    return list
  }
  if (schema.isMapSchema()) {
    const base = traits.xmlFlattened ? prefix : at('entry')
    const keyName = (schema.getKeySchema() as Member).getMergedTraits().xmlName ?? 'key'
    const valueName = (schema.getValueSchema() as Member).getMergedTraits().xmlName ?? 'value'
    const map: Record<string, unknown> = {}
    for (let i = 1; has(form, `${base}.${i}`); i++) {
      map[form.get(`${base}.${i}.${keyName}`)!] = fromForm(
        schema.getValueSchema() as Member,
        form,
        `${base}.${i}.${valueName}`,
      )
    }
    return map
  }
  return readText(schema, form.get(prefix)!)
}

function has(form: URLSearchParams, key: string): boolean {
  if (form.has(key)) return true
  for (const name of form.keys()) if (name.startsWith(`${key}.`)) return true
  return false
}
