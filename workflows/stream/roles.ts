/** The roles that the workflow hands on: what the application and the delivery streams may do. */
import { ArnFormat, Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { LogGroup, LogStream } from 'aws-cdk-lib/aws-logs'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Asset } from 'aws-cdk-lib/aws-s3-assets'
import type { Construct } from 'constructs'
import { allow } from '../allow.ts'
import type { TaskFunction } from '../task-function.ts'
import type { StreamNames } from './names.ts'

export interface ApplicationRoleProps {
  names: StreamNames
  code: Asset
  logs: LogGroup
  logStream: LogStream
}

/** @see https://docs.aws.amazon.com/managed-flink/latest/java/examples-gs-scala-create-run-cli.html#examples-gs-scala-permissions */
export function applicationRole(scope: Construct, { names, code, logs, logStream }: ApplicationRoleProps): Role {
  const role = roleFor(
    scope,
    'ApplicationRole',
    'kinesisanalytics',
    'The Flink application reads, writes and logs with it',
  )
  allow(
    role,
    [
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
    ],
    [names.streamArn],
  )
  allow(role, ['firehose:PutRecordBatch'], names.deliveryStreamArns)
  allow(role, ['s3:GetObject', 's3:GetObjectVersion'], [code.bucket.arnForObjects(code.s3ObjectKey)])
  allow(role, ['logs:PutLogEvents'], [logStreamArn(logs, logStream)])
  allow(role, ['logs:DescribeLogStreams'], [logs.logGroupArn], { because: 'The ARN of a log group ends with one.' })
  allow(role, ['logs:DescribeLogGroups'], ['*'], { because: 'DescribeLogGroups knows no narrower resource.' })
  return role
}

/** @see https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3 */
export function deliveryRole(scope: Construct, lake: IBucket, transform: TaskFunction): Role {
  const role = roleFor(
    scope,
    'DeliveryRole',
    'firehose',
    'The delivery streams transform records and write objects with it',
  )
  allow(role, ['s3:AbortMultipartUpload', 's3:PutObject'], [lake.arnForObjects('stream/*')], {
    because: 'Firehose names objects after the delivery stream and the time.',
  })
  allow(role, ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [lake.bucketArn])
  allow(role, ['lambda:GetFunctionConfiguration', 'lambda:InvokeFunction'], [transform.arn])
  return role
}

/** The ARN by which an application names the place of its log. */
export function logStreamArn(logs: LogGroup, { logStreamName }: LogStream): string {
  return Stack.of(logs).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: `${logs.logGroupName}:log-stream:${logStreamName}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
}

function roleFor(scope: Construct, id: string, service: string, description: string): Role {
  return new Role(scope, id, {
    assumedBy: new ServicePrincipal(`${service}.amazonaws.com`, {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description,
  })
}
