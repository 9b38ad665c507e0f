/** AWS Lambda: the very bundles that CDK uploads, run in worker threads. */
import type { Cloud } from '../../cloud.ts'
import { WARM } from '../../engines/lambda/runtime.ts'
import type { PolicyDocument } from '../../gateway/principal.ts'
import type { Permission, Service } from '../../gateway/service.ts'
import { type FunctionRecord, Functions, functionName } from './functions.ts'
import { Invoker } from './invoke.ts'
import { lambdaResources } from './resources.ts'

export interface LambdaSettings {
  /** Functions stay warm for long and in number, for clouds that run the same workflow again and again; it takes memory. */
  warm?: boolean
}

export function createLambda(cloud: Cloud, { warm = false }: LambdaSettings = {}): Service {
  const functions = new Functions(cloud)
  const invoker = new Invoker(cloud, functions, warm ? WARM : undefined)

  const policyOf = (name: string): PolicyDocument | undefined => {
    const statements = functions.permissions.entries(`${name}/`).map(([, statement]) => statement)
    return statements.length > 0 ? { Version: '2012-10-17', Statement: statements } : undefined
  }

  return {
    name: 'lambda',
    schemas: () => import('@aws-sdk/client-lambda'),
    may(operation, input): Permission[] {
      const action = `lambda:${operation === 'Invoke' ? 'InvokeFunction' : operation}`
      if (!input.FunctionName) return [{ action, resource: '*' }]
      const name = functionName(input.FunctionName)
      const policy = policyOf(name)
      return [{ action, resource: cloud.arn('lambda', `function:${name}`), ...(policy && { policy }) }]
    },
    operations: {
      Invoke: (input, call) => invoker.invoke(input, call.requestId),
      GetFunction: ({ FunctionName }) => ({
        Configuration: configuration(functions.find(FunctionName)),
        Code: { RepositoryType: 'S3', Location: functions.find(FunctionName).folder },
      }),
      GetFunctionConfiguration: ({ FunctionName }) => configuration(functions.find(FunctionName)),
      ListFunctions: () => ({ Functions: functions.records.entries().map(([, record]) => configuration(record)) }),
      GetPolicy({ FunctionName }) {
        const { name } = functions.find(FunctionName)
        return { Policy: JSON.stringify(policyOf(name) ?? { Version: '2012-10-17', Statement: [] }) }
      },
    },
    resources: lambdaResources(cloud, functions, invoker),
    start: () => invoker.resume(),
    drain: () => invoker.drain(),
    close: () => invoker.close(),
  }
}

function configuration(record: FunctionRecord) {
  return {
    FunctionName: record.name,
    FunctionArn: record.arn,
    Runtime: record.runtime,
    Role: record.role,
    Handler: record.handler,
    Description: record.description,
    CodeSha256: record.codeSha256,
    Timeout: record.timeoutSeconds,
    MemorySize: record.memoryMb,
    LastModified: record.lastModified,
    RevisionId: record.revisionId,
    Version: '$LATEST',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [record.architecture],
    Environment: { Variables: record.environment },
    LoggingConfig: { LogFormat: 'Text', LogGroup: record.logGroup },
  }
}
