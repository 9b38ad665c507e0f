/** Creates the analytics application from the code asset; adopts one that is there, and brings its code and properties up to date. */
import {
  type ApplicationDetail,
  CreateApplicationCommand,
  type PropertyGroup,
  UpdateApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2'
import { z } from 'zod'
import { TransientError } from '../errors.ts'
import { executionSchema, required, task } from '../task.ts'
import { analytics, application, OWNER_TAG, streamEnvironment, streamSummary } from './resources.ts'

const environment = streamEnvironment.extend({
  AWS_REGION: required,
  APPLICATION_ROLE_ARN: required,
  APPLICATION_RUNTIME: required.default('FLINK-2_2'),
  APPLICATION_LOG_STREAM_ARN: required.optional(),
  CODE_BUCKET: required,
  CODE_KEY: required,
  CHECKPOINT_SECONDS: z.coerce.number().int().min(1).default(60),
})

type Environment = z.output<typeof environment>

const MS = 1000

export const handler = task({
  name: 'CreateApplication',
  input: z.object({ execution: executionSchema }),
  environment,
  async run({ input: { execution }, env, log }) {
    const found = await application(env.APPLICATION_NAME)
    if (found?.ApplicationStatus === 'DELETING')
      throw new TransientError(`The application ${env.APPLICATION_NAME} is being deleted.`)
    const streamArn = (await streamSummary(env.STREAM_NAME))?.StreamARN ?? ''
    const groups = propertyGroups(env, streamArn)
    const updated = found !== undefined && !isCurrent(found, env, groups)
    if (!found) await create(env, groups, execution.arn)
    else if (updated) await update(found, env, groups)
    log.info('The application is there', { application: env.APPLICATION_NAME, adopted: found !== undefined, updated })
    return { application: env.APPLICATION_NAME, adopted: found !== undefined, updated }
  },
})

function propertyGroups(env: Environment, streamArn: string): PropertyGroup[] {
  return [
    {
      PropertyGroupId: 'kinesis.analytics.flink.run.options',
      PropertyMap: { python: 'main.py', jarfile: 'lib/pyflink-dependencies.jar' },
    },
    { PropertyGroupId: 'sql', PropertyMap: { script: 'job.sql' } },
    {
      PropertyGroupId: 'sql.vars',
      PropertyMap: {
        STREAM_ARN: streamArn,
        REGION: env.AWS_REGION,
        USERS_DELIVERY_STREAM: env.USERS_DELIVERY_STREAM,
        ERRORS_DELIVERY_STREAM: env.ERRORS_DELIVERY_STREAM,
        COUNTS_DELIVERY_STREAM: env.COUNTS_DELIVERY_STREAM,
      },
    },
  ]
}

async function create(env: Environment, PropertyGroups: PropertyGroup[], owner: string): Promise<void> {
  await analytics.send(
    new CreateApplicationCommand({
      ApplicationName: env.APPLICATION_NAME,
      RuntimeEnvironment: env.APPLICATION_RUNTIME as 'FLINK-2_2',
      ServiceExecutionRole: env.APPLICATION_ROLE_ARN,
      ApplicationConfiguration: {
        ApplicationCodeConfiguration: {
          CodeContentType: 'ZIPFILE',
          CodeContent: { S3ContentLocation: { BucketARN: `arn:aws:s3:::${env.CODE_BUCKET}`, FileKey: env.CODE_KEY } },
        },
        EnvironmentProperties: { PropertyGroups },
        FlinkApplicationConfiguration: {
          CheckpointConfiguration: {
            ConfigurationType: 'CUSTOM',
            CheckpointingEnabled: true,
            CheckpointInterval: env.CHECKPOINT_SECONDS * MS,
            MinPauseBetweenCheckpoints: MS,
          },
          MonitoringConfiguration: { ConfigurationType: 'CUSTOM', MetricsLevel: 'APPLICATION', LogLevel: 'INFO' },
          // The order of records, and with it the watermark, is sure with one subtask only.
          ParallelismConfiguration: {
            ConfigurationType: 'CUSTOM',
            Parallelism: 1,
            ParallelismPerKPU: 1,
            AutoScalingEnabled: false,
          },
        },
        ApplicationSnapshotConfiguration: { SnapshotsEnabled: true },
      },
      ...(env.APPLICATION_LOG_STREAM_ARN && {
        CloudWatchLoggingOptions: [{ LogStreamARN: env.APPLICATION_LOG_STREAM_ARN }],
      }),
      Tags: [{ Key: OWNER_TAG, Value: owner }],
    }),
  )
}

function isCurrent(
  { ApplicationConfigurationDescription: description }: ApplicationDetail,
  env: Environment,
  groups: PropertyGroup[],
): boolean {
  const code =
    description?.ApplicationCodeConfigurationDescription?.CodeContentDescription?.S3ApplicationCodeLocationDescription
  const properties = description?.EnvironmentPropertyDescriptions?.PropertyGroupDescriptions ?? []
  const text = (list: PropertyGroup[]) =>
    JSON.stringify(
      list
        .map((group) => [group.PropertyGroupId, Object.entries(group.PropertyMap ?? {}).sort()])
        .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
    )
  return (
    code?.FileKey === env.CODE_KEY &&
    code?.BucketARN === `arn:aws:s3:::${env.CODE_BUCKET}` &&
    text(properties) === text(groups)
  )
}

async function update(
  { ApplicationName, ApplicationVersionId }: ApplicationDetail,
  env: Environment,
  PropertyGroups: PropertyGroup[],
): Promise<void> {
  await analytics.send(
    new UpdateApplicationCommand({
      ApplicationName,
      CurrentApplicationVersionId: ApplicationVersionId,
      ApplicationConfigurationUpdate: {
        ApplicationCodeConfigurationUpdate: {
          CodeContentUpdate: {
            S3ContentLocationUpdate: {
              BucketARNUpdate: `arn:aws:s3:::${env.CODE_BUCKET}`,
              FileKeyUpdate: env.CODE_KEY,
            },
          },
        },
        EnvironmentPropertyUpdates: { PropertyGroups },
      },
      RunConfigurationUpdate: { FlinkRunConfiguration: { AllowNonRestoredState: true } },
    }),
  )
}
