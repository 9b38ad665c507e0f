/** The functions of the stream workflow, each with its environment and its grants. */
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { allow } from '../allow.ts'
import type { Stream, StreamProps } from './index.ts'

export interface StreamTasksProps extends StreamProps {
  code: Asset
  applicationRole: Role
  deliveryRole: Role
  logStreamArn: string
  transformArn: string
  shards: string
  bufferSeconds: string
}

const anyExecution = { because: 'Executions are named when they start.' }
const PASSED_TO = 'iam:PassedToService'

export function addStreamTasks(stream: Stream, props: StreamTasksProps): void {
  addSetupTasks(stream, props)
  addProofTasks(stream, props)
  const { names } = stream

  const tearDown = stream.task('TearDown', { environment: names.environment, timeout: 120, memory: 512 })
  allow(
    tearDown.role,
    ['kinesis:DeleteStream', 'kinesis:DescribeStreamSummary', 'kinesis:ListTagsForStream'],
    [names.streamArn],
  )
  allow(
    tearDown.role,
    ['firehose:DeleteDeliveryStream', 'firehose:DescribeDeliveryStream', 'firehose:ListTagsForDeliveryStream'],
    names.deliveryStreamArns,
  )
  allow(
    tearDown.role,
    [
      'kinesisanalytics:DeleteApplication',
      'kinesisanalytics:DescribeApplication',
      'kinesisanalytics:ListTagsForResource',
      'kinesisanalytics:StopApplication',
    ],
    [names.applicationArn],
  )
  allow(tearDown.role, ['states:DescribeExecution'], [stream.executions], anyExecution)

  const { topic } = props.monitoring
  const notifyFailure = stream.task('NotifyFailure', {
    environment: { FAILURE_TOPIC_ARN: topic.topicArn },
    timeout: 60,
    memory: 512,
  })
  allow(notifyFailure.role, ['sns:Publish'], [topic.topicArn])
}

/** What makes stream, delivery streams and application, and looks how far they are. */
function addSetupTasks(stream: Stream, props: StreamTasksProps): void {
  const { names } = stream
  const { environment } = names
  const lake = props.storage.processed

  const createStream = stream.task('CreateStream', {
    environment: { ...environment, SHARD_COUNT: props.shards },
    timeout: 60,
    memory: 512,
  })
  allow(
    createStream.role,
    ['kinesis:AddTagsToStream', 'kinesis:CreateStream', 'kinesis:DescribeStreamSummary'],
    [names.streamArn],
  )

  const describeResources = stream.task('DescribeResources', { environment, timeout: 60, memory: 512 })
  allow(describeResources.role, ['kinesis:DescribeStreamSummary'], [names.streamArn])
  allow(describeResources.role, ['firehose:DescribeDeliveryStream'], names.deliveryStreamArns)
  allow(
    describeResources.role,
    [
      'kinesisanalytics:DescribeApplication',
      'kinesisanalytics:DescribeApplicationOperation',
      'kinesisanalytics:ListApplicationOperations',
    ],
    [names.applicationArn],
  )

  const createDeliveryStreams = stream.task('CreateDeliveryStreams', {
    environment: {
      ...environment,
      LAKE_BUCKET: lake.bucketName,
      DELIVERY_ROLE_ARN: props.deliveryRole.roleArn,
      TRANSFORM_FUNCTION_ARN: props.transformArn,
      BUFFER_SECONDS: props.bufferSeconds,
      BUFFER_MEGABYTES: '5',
    },
    timeout: 60,
    memory: 512,
  })
  allow(
    createDeliveryStreams.role,
    ['firehose:CreateDeliveryStream', 'firehose:DescribeDeliveryStream', 'firehose:TagDeliveryStream'],
    names.deliveryStreamArns,
  )
  allow(createDeliveryStreams.role, ['iam:PassRole'], [props.deliveryRole.roleArn], {
    conditions: { StringEquals: { [PASSED_TO]: 'firehose.amazonaws.com' } },
  })

  const createApplication = stream.task('CreateApplication', {
    environment: {
      ...environment,
      APPLICATION_ROLE_ARN: props.applicationRole.roleArn,
      APPLICATION_RUNTIME: 'FLINK-2_2',
      APPLICATION_LOG_STREAM_ARN: props.logStreamArn,
      CODE_BUCKET: props.code.s3BucketName,
      CODE_KEY: props.code.s3ObjectKey,
      CHECKPOINT_SECONDS: '60',
    },
    timeout: 60,
    memory: 512,
  })
  allow(createApplication.role, ['kinesis:DescribeStreamSummary'], [names.streamArn])
  allow(createApplication.role, ['kinesisanalytics:CreateApplication'], ['*'], {
    because: 'CreateApplication knows no resource.',
  })
  allow(
    createApplication.role,
    ['kinesisanalytics:DescribeApplication', 'kinesisanalytics:TagResource', 'kinesisanalytics:UpdateApplication'],
    [names.applicationArn],
  )
  allow(createApplication.role, ['iam:PassRole'], [props.applicationRole.roleArn], {
    conditions: { StringEquals: { [PASSED_TO]: 'kinesisanalytics.amazonaws.com' } },
  })

  const startApplication = stream.task('StartApplication', { environment, timeout: 60, memory: 512 })
  allow(
    startApplication.role,
    ['kinesisanalytics:DescribeApplication', 'kinesisanalytics:StartApplication'],
    [names.applicationArn],
  )
}

/** What looks at live records, sends probes after them, finds those in S3 and reports. */
function addProofTasks(stream: Stream, { storage }: StreamTasksProps): void {
  const { names } = stream
  const { environment } = names
  const { processed: lake, reports } = storage
  const named = { because: 'A report is named after its execution.' }
  const delivered = { because: 'Firehose names objects after the delivery stream and the time.' }

  const discoverSchema = stream.task('DiscoverSchema', {
    environment: { ...environment, REPORTS_BUCKET: reports.bucketName },
    timeout: 120,
    memory: 512,
  })
  allow(
    discoverSchema.role,
    ['kinesis:GetRecords', 'kinesis:GetShardIterator', 'kinesis:ListShards'],
    [names.streamArn],
  )
  allow(discoverSchema.role, ['s3:PutObject'], [reports.arnForObjects('stream/*')], named)

  const sendProbes = stream.task('SendProbes', { environment, timeout: 60, memory: 512 })
  allow(sendProbes.role, ['kinesis:PutRecords'], [names.streamArn])

  const checkProbes = stream.task('CheckProbes', {
    environment: { ...environment, LAKE_BUCKET: lake.bucketName },
    timeout: 120,
    memory: 512,
  })
  allow(checkProbes.role, ['s3:ListBucket'], [lake.bucketArn])
  allow(checkProbes.role, ['s3:GetObject'], [lake.arnForObjects('stream/*')], delivered)

  const report = stream.task('Report', {
    environment: { ...environment, REPORTS_BUCKET: reports.bucketName, LAKE_BUCKET: lake.bucketName },
    timeout: 120,
    memory: 1024,
  })
  allow(report.role, ['kinesis:DescribeStreamSummary'], [names.streamArn])
  allow(report.role, ['kinesisanalytics:DescribeApplication'], [names.applicationArn])
  allow(report.role, ['s3:ListBucket'], [lake.bucketArn])
  allow(report.role, ['s3:GetObject'], [lake.arnForObjects('stream/*')], delivered)
  allow(report.role, ['s3:GetObject', 's3:PutObject'], [reports.arnForObjects('stream/*')], named)
  allow(report.role, ['cloudwatch:GetMetricData'], ['*'], { because: 'GetMetricData knows no resource.' })
  allow(report.role, ['states:GetExecutionHistory'], [stream.executions], anyExecution)
}
