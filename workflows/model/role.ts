/** What training jobs and model containers may do: read the samples, write models, log, measure. */
import { Stack } from 'aws-cdk-lib'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'
import { allow } from '../allow.ts'
import type { Storage } from '../storage.ts'
import type { Algorithm } from './algorithm.ts'

export function sageMakerRole(scope: Construct, { processed }: Storage, algorithm: Algorithm, alarms: string[]): Role {
  const stack = Stack.of(scope)
  const role = new Role(scope, 'SageMakerRole', {
    assumedBy: new ServicePrincipal('sagemaker.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
    description: 'Training jobs and model containers act with it',
  })
  allow(role, ['s3:ListBucket'], [processed.bucketArn], {
    conditions: { StringLike: { 's3:prefix': ['images/*', 'models/*'] } },
  })
  allow(role, ['s3:GetObject'], [processed.arnForObjects('images/*'), processed.arnForObjects('models/*')], {
    because: 'Data sets are named after their content, models after their execution.',
  })
  allow(role, ['s3:PutObject'], [processed.arnForObjects('models/*')], {
    because: 'Models are named after their execution.',
  })
  const group = (name: string) =>
    `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/aws/sagemaker/${name}`
  allow(
    role,
    ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:DescribeLogStreams', 'logs:PutLogEvents'],
    [group('TrainingJobs*'), group('Endpoints/*')],
    { because: 'SageMaker names the streams of jobs and the groups of endpoints.' },
  )
  allow(role, ['cloudwatch:PutMetricData'], ['*'], {
    because: 'PutMetricData knows no resource; the namespace limits it.',
    conditions: { StringLike: { 'cloudwatch:namespace': '/aws/sagemaker/*' } },
  })
  allow(role, ['cloudwatch:DescribeAlarms'], alarms)
  allow(
    role,
    ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    [algorithm.repositoryArn],
  )
  allow(role, ['ecr:GetAuthorizationToken'], ['*'], { because: 'GetAuthorizationToken knows no resource.' })
  return role
}
