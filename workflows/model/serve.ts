/** The functions that put a model into service, test it, take it back, and report. */

import { Stack } from 'aws-cdk-lib'
import type { Role } from 'aws-cdk-lib/aws-iam'
import type { LayerVersion } from 'aws-cdk-lib/aws-lambda'
import { allow } from '../allow.ts'
import type { Algorithm } from './algorithm.ts'
import type { Model, ModelProps } from './index.ts'
import { ofWorkflow, passRole } from './train.ts'

const named = 'Models are named after their execution, data sets after their content.'

export function addServeTasks(
  model: Model,
  props: ModelProps,
  algorithm: Algorithm,
  sageMaker: Role,
  layer: LayerVersion,
): void {
  const { jobs, storage, parameters } = props
  const { processed, reports } = storage
  const { endpointArn, endpointName, alarms } = model
  const endpoint = { ENDPOINT_NAME: endpointName }

  const createModel = model.task('CreateModel', {
    environment: {
      PROCESSED_BUCKET: processed.bucketName,
      TRAINING_IMAGE: algorithm.image,
      TRAINING_ROLE_ARN: sageMaker.roleArn,
    },
    timeout: 60,
    memory: 512,
  })
  allow(createModel.role, ['s3:PutObject'], [processed.arnForObjects('models/*')], { because: named })
  allow(
    createModel.role,
    ['sagemaker:AddTags', 'sagemaker:CreateModel', 'sagemaker:DescribeModel'],
    [ofWorkflow(model, 'model')],
    { because: named },
  )
  passRole(createModel.role, sageMaker)

  const createConfig = model.task('CreateEndpointConfig', {
    environment: {
      ...endpoint,
      ENDPOINT_INSTANCE_TYPE: parameters.endpointInstanceType,
      ENDPOINT_INSTANCES: parameters.endpointInstances,
    },
    timeout: 60,
    memory: 512,
  })
  allow(
    createConfig.role,
    ['sagemaker:AddTags', 'sagemaker:CreateEndpointConfig', 'sagemaker:DescribeEndpointConfig'],
    [ofWorkflow(model, 'endpoint-config')],
    { because: named },
  )
  allow(createConfig.role, ['sagemaker:DescribeEndpoint'], [endpointArn])

  for (const state of ['DeployEndpoint', 'RollBackEndpoint']) {
    const deploy = model.task(state, {
      environment: {
        ...endpoint,
        JOBS_TABLE: jobs.table.tableName,
        ENDPOINT_INSTANCES: parameters.endpointInstances,
        ENDPOINT_ALARMS: alarms.map((alarm) => alarm.alarmName).join(','),
      },
      timeout: 60,
      memory: 512,
    })
    allow(
      deploy.role,
      [
        'sagemaker:AddTags',
        'sagemaker:CreateEndpoint',
        'sagemaker:DeleteEndpoint',
        'sagemaker:DescribeEndpoint',
        'sagemaker:UpdateEndpoint',
      ],
      [endpointArn],
    )
    allow(
      deploy.role,
      ['sagemaker:CreateEndpoint', 'sagemaker:UpdateEndpoint'],
      [ofWorkflow(model, 'endpoint-config')],
      { because: named },
    )
    allow(
      deploy.role,
      ['cloudwatch:DescribeAlarms'],
      alarms.map((alarm) => alarm.alarmArn),
    )
    jobs.allowTracking(deploy.role, model.machineArn)
  }

  const smokeTest = model.task('SmokeTest', {
    environment: { ...endpoint, PROCESSED_BUCKET: processed.bucketName },
    timeout: 600,
    memory: 512,
  })
  allow(smokeTest.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(smokeTest.role, ['s3:GetObject'], [processed.arnForObjects('images/*')], { because: named })
  allow(smokeTest.role, ['s3:PutObject'], [processed.arnForObjects('models/*')], { because: named })
  allow(smokeTest.role, ['sagemaker:InvokeEndpoint'], [endpointArn])

  const removeOld = model.task('RemoveOldModels', { environment: endpoint, timeout: 120, memory: 512 })
  allow(removeOld.role, ['sagemaker:ListEndpointConfigs', 'sagemaker:ListModels'], ['*'], {
    because: 'Lists know no resource.',
  })
  allow(removeOld.role, ['sagemaker:DescribeEndpoint'], [endpointArn])
  allow(removeOld.role, ['sagemaker:DeleteModel'], [ofWorkflow(model, 'model')], { because: named })
  allow(removeOld.role, ['sagemaker:DeleteEndpointConfig'], [ofWorkflow(model, 'endpoint-config')], { because: named })

  const report = model.task('Report', {
    environment: {
      ...endpoint,
      PROCESSED_BUCKET: processed.bucketName,
      REPORTS_BUCKET: reports.bucketName,
      CLASSIFY_URL: model.classifyUrl,
    },
    timeout: 300,
    memory: 1024,
    layer,
  })
  allow(report.role, ['s3:ListBucket'], [processed.bucketArn])
  allow(report.role, ['s3:GetObject'], [processed.arnForObjects('images/*'), processed.arnForObjects('models/*')], {
    because: named,
  })
  allow(report.role, ['s3:PutObject'], [reports.arnForObjects('model/*')], {
    because: 'A report is named after its execution.',
  })
  const { partition, region, account } = Stack.of(model)
  allow(
    report.role,
    ['logs:FilterLogEvents'],
    [`arn:${partition}:logs:${region}:${account}:log-group:/aws/sagemaker/TrainingJobs:*`],
    {
      because: 'SageMaker names the streams of training jobs.',
    },
  )
}
