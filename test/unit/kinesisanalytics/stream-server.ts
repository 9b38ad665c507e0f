/**
 * A local cloud with the stream's services in a process of its own: `node stream-server.ts <folder> [at-least-once|exactly-once] [lambda]`. With
 * `lambda` the function in the folder's `function/` transforms, in Lambda; without, tasks/stream/transform-records.ts does, called as it is.
 * Prints its address when it is up.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot } from '../../../local/boot.ts'
import type { Cloud } from '../../../local/cloud.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createIam } from '../../../local/services/iam/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { createKinesisAnalytics } from '../../../local/services/kinesisanalyticsv2/index.ts'
import { createLambda } from '../../../local/services/lambda/index.ts'
import { createLogs } from '../../../local/services/logs/index.ts'
import { createMonitoring } from '../../../local/services/monitoring/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { handler as transform } from '../../../tasks/stream/transform-records.ts'

const [, , folder = '', ...flags] = process.argv
const isInLambda = flags.includes('lambda')

const role = (name: string, service: string) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: name,
    AssumeRolePolicyDocument: {
      Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
    },
    Policies: [{ PolicyName: 'all', PolicyDocument: { Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }],
  },
})

const createTransform = (): Service => ({
  name: 'lambda',
  schemas: async () => ({}),
  may: () => [],
  operations: {
    Invoke: async ({ Payload }) => ({
      StatusCode: 200,
      Payload: Buffer.from(JSON.stringify(await transform(JSON.parse(Buffer.from(Payload).toString())))),
    }),
  },
})

const assembly = join(folder, 'assembly')
mkdirSync(assembly, { recursive: true })
const write = (name: string, value: object) => writeFileSync(join(assembly, name), JSON.stringify(value))
write('manifest.json', {
  artifacts: { Stream: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Stream.template.json' } } },
})
write('Stream.assets.json', {
  files: {
    ...(isInLambda && {
      function: {
        source: { path: '../function', packaging: 'zip' },
        destinations: { here: { bucketName: 'assets', objectKey: 'function.zip' } },
      },
    }),
  },
})
write('Stream.template.json', {
  Resources: {
    Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'lake' } },
    Delivery: role('Delivery', 'firehose.amazonaws.com'),
    Application: role('Application', 'kinesisanalytics.amazonaws.com'),
    ...(isInLambda && {
      Transform: role('Transform', 'lambda.amazonaws.com'),
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'transform',
          Handler: 'index.handler',
          Runtime: 'nodejs24.x',
          Timeout: 1,
          MemorySize: 256,
          Role: { 'Fn::GetAtt': ['Transform', 'Arn'] },
          Code: { S3Bucket: 'assets', S3Key: 'function.zip' },
        },
      },
    }),
  },
  Outputs: {},
})
const createAnalytics = (cloud: Cloud) => createKinesisAnalytics(cloud, { exactlyOnce: flags.includes('exactly-once') })
const stream = [createKinesis, createFirehose, createAnalytics]
const services = isInLambda
  ? [createIam, createLogs, createS3, createMonitoring, createLambda, ...stream]
  : [createIam, createS3, createTransform, ...stream]
const { url } = await boot({ assembly, dataDir: join(folder, 'data'), port: 0, services })
process.stdout.write(`${url}\n`)
