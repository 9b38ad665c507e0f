/**
 * What an `@aws-sdk/client-*` package knows of its service at run time: its protocol, operations and errors.
 * The packages carry their Smithy schemas as plain arrays (https://smithy.io/2.0/spec/model.html); no shape is written by hand here.
 */
import { NormalizedSchema } from '@smithy/core/schema'
import { type Route, routeOf } from './route.ts'

/** The Smithy traits that matter on the wire (https://smithy.io/2.0/spec/http-bindings.html). */
export interface Traits {
  http?: [method: string, uri: string, status: number]
  httpLabel?: 1
  httpQuery?: string
  httpQueryParams?: 1
  httpHeader?: string
  httpPrefixHeaders?: string
  httpPayload?: 1
  httpResponseCode?: 1
  httpError?: number
  error?: 'client' | 'server'
  awsQueryError?: [code: string, status: number]
  xmlName?: string
  xmlFlattened?: 1
}

export type Member = NormalizedSchema & { getMergedTraits(): Traits }

/** How a request's bytes are laid out. */
export type ProtocolKind = 'json' | 'rest' | 'query' | 'cbor'

export interface OperationModel {
  readonly name: string
  readonly service: ServiceModel
  readonly traits: Traits
  readonly input: Member
  readonly output: Member
  readonly inputSchema: unknown
  readonly outputSchema: unknown
  /** For REST protocols: method, path and what tells it apart from others on that path. */
  readonly route?: Route
}

export interface ServiceModel {
  readonly id: string
  readonly signingName: string
  readonly kind: ProtocolKind
  /** The client protocol object of the SDK; gives payload codecs. */
  readonly protocol: any
  readonly xmlNamespace: string
  readonly operations: ReadonlyMap<string, OperationModel>
  /** REST operations, the most specific route first. */
  readonly routes: readonly OperationModel[]
  readonly errors: ReadonlyMap<string, any>
}

const OPERATION = 9
const ERROR = -3

/** Reads the model of one service out of its SDK package. */
export function modelOf(signingName: string, sdk: object): ServiceModel {
  const exported = Object.entries(sdk as Record<string, any>)
  const client = exported.find(([name]) => /^(?!__)\w+Client$/.test(name))
  if (!client) throw new Error(`The SDK package for "${signingName}" exports no client`)
  const { protocol, serviceId } = new client[1]({
    region: 'us-east-1',
    credentials: { accessKeyId: 'model', secretAccessKey: 'model' },
  }).config
  const operations = new Map<string, OperationModel>()
  const errors = new Map<string, any>()
  const model: ServiceModel = {
    id: serviceId,
    signingName,
    kind: kindOf(protocol.getShapeId()),
    protocol,
    xmlNamespace: protocol.options?.xmlNamespace ?? protocol.codec?.settings?.xmlNamespace ?? '',
    operations,
    routes: [],
    errors,
  }
  for (const [key, schema] of exported) {
    if (!key.endsWith('$') || !Array.isArray(schema)) continue
    if (schema[0] === ERROR) errors.set(schema[2], schema)
    if (schema[0] === OPERATION) operations.set(schema[2], operationOf(model, schema))
  }
  const routes = [...operations.values()].filter((operation) => operation.route)
  routes.sort((a, b) => b.route!.weight - a.route!.weight)
  return Object.assign(model, { routes })
}

function operationOf(service: ServiceModel, schema: any[]): OperationModel {
  const [, , name, traits, inputSchema, outputSchema] = schema
  const normalized = (ref: any) => NormalizedSchema.of(typeof ref === 'function' ? ref() : ref) as Member
  const operation = {
    name,
    service,
    traits: typeof traits === 'object' ? traits : {},
    input: normalized(inputSchema),
    output: normalized(outputSchema),
    inputSchema,
    outputSchema,
  }
  return service.kind === 'rest' && operation.traits.http ? { ...operation, route: routeOf(operation) } : operation
}

function kindOf(shapeId: string): ProtocolKind {
  if (/awsJson/.test(shapeId)) return 'json'
  if (/rest/.test(shapeId)) return 'rest'
  if (/Cbor/i.test(shapeId)) return 'cbor'
  return 'query'
}

const variants = new WeakMap<ServiceModel, Map<ProtocolKind, ServiceModel>>()

/**
 * The same service in another protocol. A service speaks more than one at once: to CloudWatch the JavaScript SDK sends
 * awsJson, botocore CBOR and older tools query; the schemas are the same.
 */
export function speaking(model: ServiceModel, kind: ProtocolKind, protocol: () => unknown): ServiceModel {
  if (kind === model.kind) return model
  const known = variants.get(model) ?? new Map<ProtocolKind, ServiceModel>()
  variants.set(model, known)
  const existing = known.get(kind)
  if (existing) return existing
  const variant: ServiceModel = { ...model, kind, protocol: protocol() }
  const operations = new Map(
    [...model.operations].map(([name, operation]) => [name, { ...operation, service: variant }]),
  )
  Object.assign(variant, { operations })
  known.set(kind, variant)
  return variant
}
