/** A local cloud with the stream's services in a process of its own, for tests that kill it. Prints its address when it is up. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boot } from '../../../local/boot.ts'
import type { Cloud } from '../../../local/cloud.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createFirehose } from '../../../local/services/firehose/index.ts'
import { createIam } from '../../../local/services/iam/index.ts'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { createKinesisAnalytics } from '../../../local/services/kinesisanalyticsv2/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { handler as transform } from '../../../tasks/stream/transform-records.ts'

const [, , folder = '', mode] = process.argv

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
write('Stream.assets.json', { files: {} })
write('Stream.template.json', {
  Resources: {
    Lake: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'lake' } },
    Delivery: role('Delivery', 'firehose.amazonaws.com'),
    Application: role('Application', 'kinesisanalytics.amazonaws.com'),
  },
  Outputs: {},
})
const createAnalytics = (cloud: Cloud) => createKinesisAnalytics(cloud, { exactlyOnce: mode === 'exactly-once' })
const services = [createIam, createS3, createTransform, createKinesis, createFirehose, createAnalytics]
const { url } = await boot({ assembly, dataDir: join(folder, 'data'), port: 0, services })
process.stdout.write(`${url}\n`)
