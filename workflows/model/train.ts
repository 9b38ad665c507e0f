/** The functions that train, and those that stop training and tell of failures. */
import { Stack } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import { allow } from '../allow.ts'
import { anyTraining, trainingJobs } from '../jobs.ts'
import type { Algorithm } from './algorithm.ts'
import type { Model, ModelProps } from './index.ts'

export function addTrainTasks(model: Model, props: ModelProps, algorithm: Algorithm, sageMaker: Role): void {
  const { jobs, storage, monitoring, parameters } = props
  const { processed } = storage
  for (const state of ['TrainModel', 'TrainFold']) {
    const train = model.task(state, {
      environment: {
        JOBS_TABLE: jobs.table.tableName,
        PROCESSED_BUCKET: processed.bucketName,
        TRAINING_IMAGE: algorithm.image,
        TRAINING_ROLE_ARN: sageMaker.roleArn,
        TRAINING_INSTANCE_TYPE: parameters.trainingInstanceType,
        TRAINING_MAX_SECONDS: '14400',
      },
      timeout: 60,
      memory: 512,
    })
    allow(train.role, ['s3:ListBucket'], [processed.bucketArn])
    allow(
      train.role,
      state === 'TrainFold' ? ['s3:GetObject', 's3:PutObject'] : ['s3:GetObject'],
      [processed.arnForObjects('images/*')],
      {
        because: 'Data sets are named after their content.',
      },
    )
    allow(
      train.role,
      ['sagemaker:AddTags', 'sagemaker:CreateTrainingJob', 'sagemaker:DescribeTrainingJob'],
      [trainingJobs(model)],
      {
        because: anyTraining,
      },
    )
    passRole(train.role, sageMaker)
    jobs.allowTracking(train.role, model.machineArn)
  }

  const stopJobs = model.task('StopJobs', {
    environment: { JOBS_TABLE: jobs.table.tableName },
    timeout: 120,
    memory: 512,
  })
  allow(stopJobs.role, ['dynamodb:Query'], [jobs.byExecution])
  allow(stopJobs.role, ['dynamodb:UpdateItem'], [jobs.table.tableArn])
  allow(stopJobs.role, ['sagemaker:StopTrainingJob'], [trainingJobs(model)], { because: anyTraining })

  const notifyFailure = model.task('NotifyFailure', {
    environment: { FAILURE_TOPIC_ARN: monitoring.topic.topicArn },
    timeout: 60,
    memory: 512,
  })
  allow(notifyFailure.role, ['sns:Publish'], [monitoring.topic.topicArn])
}

export function passRole(role: Role, passed: Role): void {
  allow(role, ['iam:PassRole'], [passed.roleArn], {
    conditions: { StringEquals: { 'iam:PassedToService': 'sagemaker.amazonaws.com' } },
  })
}

/** Models or configurations of this workflow. */
export function ofWorkflow(model: Model, kind: 'model' | 'endpoint-config'): string {
  return Stack.of(model).formatArn({ service: 'sagemaker', resource: kind, resourceName: 'stepwell-*' })
}
