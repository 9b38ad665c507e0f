/** CloudFormation types of Lambda. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cloud } from '../../cloud.ts'
import type { PolicyStatement } from '../../gateway/principal.ts'
import type { ResourceRequest, ResourceType } from '../../gateway/service.ts'
import { type FunctionRecord, type Functions, functionName } from './functions.ts'
import type { Invoker } from './invoke.ts'

const DEFAULT_MEMORY_MB = 128
const DEFAULT_TIMEOUT_SECONDS = 3
const MAX_NAME = 64

export function lambdaResources(cloud: Cloud, functions: Functions, invoker: Invoker): Record<string, ResourceType> {
  return {
    'AWS::Lambda::Function': {
      async apply(request) {
        const record = functionRecord(cloud, request)
        const known = functions.records.get(record.name)
        if (known && JSON.stringify({ ...known, ...volatile(record) }) === JSON.stringify(record)) return named(known)
        functions.records.put(record.name, record)
        if (known) await invoker.recycle(record.name)
        return named(record)
      },
      async remove({ ref }) {
        functions.records.delete(ref)
        for (const [key] of functions.permissions.entries(`${ref}/`)) functions.permissions.delete(key)
        await invoker.recycle(ref)
      },
    },
    'AWS::Lambda::LayerVersion': {
      apply({ properties, physicalName }) {
        const { S3Bucket, S3Key } = properties.Content ?? {}
        const folder = cloud.asset(S3Bucket, S3Key)
        const name: string = properties.LayerName ?? physicalName({ max: MAX_NAME })
        if (!folder)
          throw new Error(`The content of the layer ${name} (s3://${S3Bucket}/${S3Key}) is no asset of the CDK app.`)
        const arn = cloud.arn('lambda', `layer:${name}:1`)
        functions.layers.put(arn, { folder })
        return { ref: arn, attributes: { LayerVersionArn: arn } }
      },
      remove: ({ ref }) => void functions.layers.delete(ref),
    },
    'AWS::Lambda::Permission': {
      apply({ logicalId, properties }) {
        const { name, arn } = functions.find(properties.FunctionName)
        functions.permissions.put(`${name}/${logicalId}`, permissionStatement(logicalId, arn, properties))
        return { ref: `${name}/${logicalId}`, attributes: { Id: logicalId } }
      },
      remove: ({ ref }) => void functions.permissions.delete(ref),
    },
    'AWS::Lambda::EventInvokeConfig': {
      apply: ({ logicalId, properties }) => ({ ref: `${functionName(properties.FunctionName)}/${logicalId}` }),
      remove: () => {},
    },
  }
}

function named({ name, arn }: FunctionRecord) {
  return { ref: name, attributes: { Arn: arn } }
}

/** What changes at every boot although nothing has changed. */
function volatile({ lastModified, revisionId }: FunctionRecord) {
  return { lastModified, revisionId }
}

function functionRecord(cloud: Cloud, { properties, physicalName }: ResourceRequest): FunctionRecord {
  const name: string = properties.FunctionName ?? physicalName({ max: MAX_NAME })
  const { S3Bucket, S3Key } = properties.Code ?? {}
  const folder = S3Bucket && S3Key ? cloud.asset(S3Bucket, S3Key) : undefined
  if (!folder)
    throw new Error(`The code of the function ${name} (s3://${S3Bucket}/${S3Key}) is no asset of the CDK app.`)
  const codeSha256 = hashOf(folder)
  const configuration = JSON.stringify([codeSha256, properties])
  return {
    name,
    arn: cloud.arn('lambda', `function:${name}`),
    role: properties.Role,
    runtime: properties.Runtime,
    handler: properties.Handler,
    folder,
    codeSha256,
    memoryMb: properties.MemorySize ?? DEFAULT_MEMORY_MB,
    timeoutSeconds: properties.Timeout ?? DEFAULT_TIMEOUT_SECONDS,
    description: properties.Description ?? '',
    architecture: properties.Architectures?.[0] ?? 'x86_64',
    environment: properties.Environment?.Variables ?? {},
    logGroup: properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    layers: properties.Layers ?? [],
    lastModified: new Date().toISOString(),
    revisionId: createHash('sha256').update(configuration).digest('hex').slice(0, 32),
  }
}

function hashOf(folder: string): string {
  const hash = createHash('sha256')
  if (existsSync(folder)) {
    for (const file of readdirSync(folder).sort()) {
      if (!file.endsWith('.map')) hash.update(file).update(readFileSync(join(folder, file)))
    }
  }
  return hash.digest('base64')
}

function permissionStatement(id: string, arn: string, properties: any): PolicyStatement {
  const isService = String(properties.Principal).endsWith('.amazonaws.com')
  return {
    Sid: id,
    Effect: 'Allow',
    Principal: isService ? { Service: properties.Principal } : { AWS: properties.Principal },
    Action: properties.Action,
    Resource: arn,
    ...(properties.SourceArn && { Condition: { ArnLike: { 'AWS:SourceArn': properties.SourceArn } } }),
  }
}
