/** Checks a mocked result of TestState against the output shape of the API that the task calls. */
import { NormalizedSchema } from '@smithy/core/schema'
import { isObject, type Json } from '../../engines/states/json.ts'
import { parseResource } from '../../engines/states/resource.ts'
import { AwsError } from '../../gateway/aws-error.ts'

/** The SDK packages by the service's name in a Resource. */
const packages: Record<string, () => Promise<Record<string, any>>> = {
  dynamodb: () => import('@aws-sdk/client-dynamodb'),
  elasticmapreduce: () => import('@aws-sdk/client-emr'),
  emr: () => import('@aws-sdk/client-emr'),
  eventbridge: () => import('@aws-sdk/client-eventbridge'),
  events: () => import('@aws-sdk/client-eventbridge'),
  firehose: () => import('@aws-sdk/client-firehose'),
  kinesis: () => import('@aws-sdk/client-kinesis'),
  lambda: () => import('@aws-sdk/client-lambda'),
  redshiftdata: () => import('@aws-sdk/client-redshift-data'),
  s3: () => import('@aws-sdk/client-s3'),
  sagemaker: () => import('@aws-sdk/client-sagemaker'),
  scheduler: () => import('@aws-sdk/client-scheduler'),
  secretsmanager: () => import('@aws-sdk/client-secrets-manager'),
  sfn: () => import('@aws-sdk/client-sfn'),
  sns: () => import('@aws-sdk/client-sns'),
  states: () => import('@aws-sdk/client-sfn'),
}

/** Limits that the SDK's schemas leave out (https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html). */
const ranges: Record<string, readonly [min: number, max: number]> = {
  MemorySize: [128, 10_240],
  Timeout: [1, 900],
}

/** The least length of texts and blobs, which the schemas leave out as well. */
const leastLengths: Record<string, number> = { CiphertextBlob: 1, FunctionName: 1, KeyId: 1 }

/**
 * Output shapes of services whose SDK client is not installed, by `service:action`
 * (https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
 */
const written: Record<string, Record<string, 'string' | 'number' | 'boolean'>> = {
  'kms:encrypt': { CiphertextBlob: 'string', EncryptionAlgorithm: 'string', KeyId: 'string' },
  'kms:decrypt': { EncryptionAlgorithm: 'string', KeyId: 'string', Plaintext: 'string' },
}

/**
 * PRESENT checks the fields that are there, STRICT also asks for those that the API always answers; NONE checks nothing.
 * Fields that the API does not know are left alone.
 * @throws AwsError ValidationException
 */
export async function checkMockFields(resource: string, result: Json, mode: string): Promise<void> {
  const integration = parseResource(resource)
  if (mode === 'NONE' || integration.kind !== 'service') return
  const shape = written[`${integration.service}:${integration.action}`]
  if (shape) {
    checkWritten(shape, result)
    return
  }
  const load = packages[integration.service]
  if (!load) return
  const shapes = await load()
  const operation = `${integration.action[0]!.toUpperCase()}${integration.action.slice(1)}`
  const schema = shapes[`${operation}$`]
  if (!schema) return
  // An operation's schema is a tuple: its sixth member gives the output shape.
  const output = NormalizedSchema.of(schema[5])
  if (mode === 'STRICT') checkRequired(output, result)
  check(output, result, shapes, integration.service === 'lambda' && !integration.sdk ? 'Payload' : undefined)
}

function fail(field: string, what: string): never {
  throw new AwsError('ValidationException', `Mock result schema validation error: Field '${field}' ${what}`)
}

/** Members that an API always answers come first in a structure's schema, whose seventh part counts them. */
function checkRequired(output: NormalizedSchema, result: Json): void {
  const schema = output.getSchema() as unknown as readonly unknown[]
  if (!Array.isArray(schema) || !isObject(result)) return
  const names = (schema[4] as string[]).slice(0, (schema[6] as number | undefined) ?? 0)
  for (const name of names.map(pascalCase))
    if (!Object.hasOwn(result, name))
      throw new AwsError(
        'ValidationException',
        `Mock result schema validation error: Required field '${name}' is missing`,
      )
}

function checkWritten(shape: Record<string, string>, result: Json): void {
  if (!isObject(result)) fail('result', 'must be an object')
  for (const [field, type] of Object.entries(shape)) {
    const value = (result as any)[field]
    if (value === undefined || value === null) continue
    if (typeof value !== type) fail(field, `must be a ${type}`)
    checkLength(field, value)
  }
}

function checkLength(field: string, value: unknown): void {
  if (typeof value === 'string' && value.length < (leastLengths[field] ?? 0))
    fail(field, 'is smaller than the minimum length')
}

/** `skip` names a field that Step Functions changes: the payload of an optimised Lambda integration is JSON. */
function check(
  schema: NormalizedSchema,
  value: Json,
  shapes: Record<string, any>,
  skip?: string,
  field = 'result',
): void {
  if (value === null) return
  if (schema.isStructSchema()) {
    if (!isObject(value)) fail(field, 'must be an object')
    for (const [name, member] of schema.structIterator()) {
      const key = pascalCase(name)
      if (key !== skip && Object.hasOwn(value as object, key))
        check(member, (value as any)[key], shapes, undefined, key)
    }
  } else if (schema.isListSchema()) {
    if (!Array.isArray(value)) fail(field, 'must be an array')
    for (const item of value as Json[]) check(schema.getValueSchema(), item, shapes, undefined, field)
  } else if (schema.isMapSchema()) {
    if (!isObject(value)) fail(field, 'must be an object')
    for (const member of Object.values(value as object))
      check(schema.getValueSchema(), member, shapes, undefined, field)
  } else if (schema.isNumericSchema() || schema.isBigIntegerSchema() || schema.isBigDecimalSchema()) {
    if (typeof value !== 'number') fail(field, 'must be a number')
    const range = ranges[field]
    if (range && (value as number) < range[0]) fail(field, 'is less than the minimum value')
    if (range && (value as number) > range[1]) fail(field, 'exceeds the maximum value')
  } else if (schema.isBooleanSchema()) {
    if (typeof value !== 'boolean') fail(field, 'must be a boolean')
  } else if (schema.isStringSchema() || schema.isBlobSchema() || schema.isTimestampSchema()) {
    if (typeof value !== 'string') fail(field, 'must be a string')
    checkLength(field, value)
    const values = shapes[field]
    if (schema.isStringSchema() && isObject(values) && !Object.values(values).includes(value))
      fail(field, 'is not an expected value')
  }
}

function pascalCase(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`
}
