/** Bodies to shapes and back, in the protocol of a service model: JSON, XML or CBOR. */
import { XmlShapeDeserializer, XmlShapeSerializer } from '@aws-sdk/core/protocols'
import { FromStringShapeDeserializer, ToStringShapeSerializer } from '@smithy/core/protocols'
import type { Member, ServiceModel } from './model.ts'

export interface Codec {
  read(schema: unknown, bytes: Uint8Array): any
  write(schema: unknown, value: unknown): Uint8Array | string
}

const TIMESTAMP_HTTP_DATE = 7
const TIMESTAMP_DATE_TIME = 5

const codecs = new WeakMap<ServiceModel, Codec>()

export function codecOf(service: ServiceModel): Codec {
  const known = codecs.get(service)
  if (known) return known
  const xml = speaksXml(service)
  const settings = {
    httpBindings: service.kind === 'rest',
    timestampFormat: { useTrait: true as const, default: TIMESTAMP_DATE_TIME as 5 },
    xmlNamespace: service.xmlNamespace,
    serviceNamespace: '',
  }
  const reader: any = xml ? new XmlShapeDeserializer(settings) : service.protocol.getPayloadCodec().createDeserializer()
  const writer: any = xml ? new XmlShapeSerializer(settings) : service.protocol.getPayloadCodec().createSerializer()
  const codec: Codec = {
    read: (schema, bytes) => reader.read(schema, bytes),
    write: (schema, value) => {
      writer.write(schema, value)
      return writer.flush()
    },
  }
  codecs.set(service, codec)
  return codec
}

export function speaksXml(service: ServiceModel): boolean {
  return service.kind === 'query' || (service.kind === 'rest' && /Xml/.test(service.protocol.getShapeId()))
}

const textSettings = {
  httpBindings: true,
  timestampFormat: { useTrait: true as const, default: TIMESTAMP_HTTP_DATE as 7 },
}
const fromText = new FromStringShapeDeserializer(textSettings)
const toText = new ToStringShapeSerializer(textSettings)

/** A value of a path, query, header or form field. */
export function readText(schema: Member, text: string): any {
  return fromText.read(schema as any, text)
}

export function writeText(schema: Member, value: unknown): string {
  toText.write(schema as any, value)
  return toText.flush()
}

const parts = new WeakMap<object, Map<string, unknown>>()

/** The schema of a part of a structure: those of its members that travel in the body, under another name if given. */
export function partOf(schema: Member, members: [string, Member][], name?: string): any {
  const own = schema.getSchema() as any
  const key = `${name ?? ''}:${members.map(([member]) => member).join(',')}`
  const known = parts.get(own) ?? new Map<string, unknown>()
  parts.set(own, known)
  if (!known.has(key)) {
    const names = members.map(([member]) => member)
    const types = names.map((member) => own[5][own[4].indexOf(member)])
    known.set(key, [3, own[1], name ?? own[2], name ? {} : schema.getMergedTraits(), names, types])
  }
  return known.get(key)
}
