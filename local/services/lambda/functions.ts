/** The functions of the local cloud, as the template describes them, and the environment Lambda gives them. */
import { delimiter, dirname, join } from 'node:path'
import type { Cloud, Collection, RoleSession } from '../../cloud.ts'
import type { FunctionSpec } from '../../engines/lambda/function.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { PolicyStatement } from '../../gateway/principal.ts'

export interface FunctionRecord {
  name: string
  arn: string
  role: string
  runtime: string
  handler: string
  folder: string
  codeSha256: string
  memoryMb: number
  timeoutSeconds: number
  description: string
  architecture: string
  environment: Record<string, string>
  logGroup: string
  layers: string[]
  lastModified: string
  revisionId: string
}

/** Where AWS's images keep the CA certificates of RDS (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html). */
const RUNTIME_CA_FILE = '/var/runtime/ca-cert.pem'

export class Functions {
  readonly records: Collection<FunctionRecord>
  /** The statements of each function's resource policy, by `name/statementId`. */
  readonly permissions: Collection<PolicyStatement>
  /** Where the content of each layer version lies, by its ARN. */
  readonly layers: Collection<{ folder: string }>
  readonly #cloud: Cloud

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.records = cloud.collection<FunctionRecord>('lambda.functions')
    this.permissions = cloud.collection<PolicyStatement>('lambda.permissions')
    this.layers = cloud.collection('lambda.layers')
  }

  /** By name, partial ARN or ARN, with or without a qualifier. @throws AwsError ResourceNotFoundException */
  find(identifier: string): FunctionRecord {
    const name = functionName(identifier)
    const record = this.records.get(name)
    if (record) return record
    const arn = this.#cloud.arn('lambda', `function:${name}`)
    throw new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, { Type: 'User' })
  }

  /** Where layers keep packages for Node.js (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-layers.html); there is no /opt here. */
  #modulesOf({ layers }: FunctionRecord): string[] {
    return layers.flatMap((arn) => {
      const layer = this.layers.get(arn)
      return layer ? [join(layer.folder, 'nodejs', 'node_modules')] : []
    })
  }

  /** The function as its runtime needs it: with the credentials of its role and the variables that Lambda sets. */
  spec(record: FunctionRecord, session: RoleSession, logStream: string, log: FunctionSpec['log']): FunctionSpec {
    const cloud = this.#cloud
    const temp = join(cloud.folder('lambda'), 'tmp', record.name)
    const own = Object.entries(record.environment).map(([key, value]) => [
      key,
      value === RUNTIME_CA_FILE ? join(cloud.dataDir, 'rds', 'ca.pem') : value,
    ])
    return {
      name: record.name,
      arn: record.arn,
      folder: record.folder,
      handler: record.handler,
      memoryMb: record.memoryMb,
      timeoutSeconds: record.timeoutSeconds,
      temp,
      // Beside the code, whose path is part of each entry's name: every data folder uses it, and it goes with the assembly.
      compileCache: join(dirname(record.folder), '.compile-cache'),
      log,
      environment: {
        PATH: process.env.PATH ?? '/usr/bin:/bin',
        // No profile of the host is found here, and no metadata service is asked: host credentials cannot leak in.
        HOME: join(temp, 'home'),
        AWS_EC2_METADATA_DISABLED: 'true',
        LANG: 'en_US.UTF-8',
        TZ: ':UTC',
        AWS_REGION: cloud.region,
        AWS_DEFAULT_REGION: cloud.region,
        AWS_ENDPOINT_URL: cloud.url,
        AWS_ACCESS_KEY_ID: session.accessKeyId,
        AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
        AWS_SESSION_TOKEN: session.sessionToken,
        AWS_EXECUTION_ENV: `AWS_Lambda_${record.runtime}`,
        AWS_LAMBDA_FUNCTION_NAME: record.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(record.memoryMb),
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_LAMBDA_LOG_GROUP_NAME: record.logGroup,
        AWS_LAMBDA_LOG_STREAM_NAME: logStream,
        LAMBDA_TASK_ROOT: record.folder,
        NODE_PATH: this.#modulesOf(record).join(delimiter),
        _HANDLER: record.handler,
        ...Object.fromEntries(own),
      },
    }
  }
}

export function functionName(identifier: string): string {
  const afterFunction = identifier.includes('function:') ? identifier.split('function:').pop()! : identifier
  return afterFunction.split(':')[0]!
}
