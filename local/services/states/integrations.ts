/**
 * Service integrations as data: which service of the cloud a resource names, and how its parameters and its answer are written.
 * Optimised ones follow https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html, the others are AWS SDK
 * integrations (https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
 */

export interface ServiceIntegration {
  /** The signing name of the service behind the door. */
  readonly service: string
  /** What its errors begin with: `Lambda.ResourceNotFoundException`. */
  readonly errors: string
  /** Members of its API begin in lower case, though a definition writes them in Pascal case. */
  readonly camelCase?: boolean
  /** Members that take JSON text: a definition may write an object. */
  readonly texts?: readonly string[]
  /** The service's name in causes, where the older form is used. */
  readonly causeName?: string
}

export const optimised: Readonly<Record<string, ServiceIntegration>> = {
  lambda: { service: 'lambda', errors: 'Lambda' },
  sns: { service: 'sns', errors: 'SNS', texts: ['Message'] },
  sqs: { service: 'sqs', errors: 'SQS', texts: ['MessageBody'] },
  events: { service: 'events', errors: 'EventBridge', texts: ['Entries.Detail'] },
  dynamodb: { service: 'dynamodb', errors: 'DynamoDB', causeName: 'AmazonDynamoDBv2' },
  states: {
    service: 'states',
    errors: 'StepFunctions',
    camelCase: true,
    texts: ['input'],
    causeName: 'AWSStepFunctions',
  },
  elasticmapreduce: { service: 'elasticmapreduce', errors: 'ElasticMapReduce' },
  sagemaker: { service: 'sagemaker', errors: 'SageMaker' },
}

/** By the name that follows `aws-sdk:`. */
export const sdk: Readonly<Record<string, ServiceIntegration>> = {
  cloudformation: { service: 'cloudformation', errors: 'CloudFormation' },
  cloudwatch: { service: 'monitoring', errors: 'CloudWatch' },
  cloudwatchlogs: { service: 'logs', errors: 'CloudWatchLogs', camelCase: true },
  dynamodb: { service: 'dynamodb', errors: 'DynamoDb' },
  emr: { service: 'elasticmapreduce', errors: 'Emr' },
  eventbridge: { service: 'events', errors: 'EventBridge' },
  firehose: { service: 'firehose', errors: 'Firehose' },
  iam: { service: 'iam', errors: 'Iam' },
  kinesis: { service: 'kinesis', errors: 'Kinesis' },
  kinesisanalyticsv2: { service: 'kinesisanalytics', errors: 'KinesisAnalyticsV2' },
  kms: { service: 'kms', errors: 'Kms' },
  lambda: { service: 'lambda', errors: 'Lambda' },
  rds: { service: 'rds', errors: 'Rds' },
  redshiftdata: { service: 'redshift-data', errors: 'RedshiftData' },
  redshiftserverless: { service: 'redshift-serverless', errors: 'RedshiftServerless', camelCase: true },
  s3: { service: 's3', errors: 'S3' },
  sagemaker: { service: 'sagemaker', errors: 'SageMaker' },
  sagemakerruntime: { service: 'sagemaker', errors: 'SageMakerRuntime' },
  scheduler: { service: 'scheduler', errors: 'Scheduler' },
  secretsmanager: { service: 'secretsmanager', errors: 'SecretsManager' },
  sfn: { service: 'states', errors: 'Sfn', camelCase: true, texts: ['input', 'output', 'definition'] },
  sns: { service: 'sns', errors: 'Sns' },
  sqs: { service: 'sqs', errors: 'Sqs' },
  sts: { service: 'sts', errors: 'Sts' },
}
