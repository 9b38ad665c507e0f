/** What CreateApplication is asked for: `users.sql` over the stream `users`, as the workflow's own task configures it. */
import type { CreateApplicationCommandInput } from '@aws-sdk/client-kinesis-analytics-v2'

export interface UsersApplication {
  /** The ARN of the role that the application runs as. */
  role: string
  /** A zip of `main.py` and `job.sql`. */
  code: { bucketArn: string; key: string }
  /** The delivery streams of users, errors and counts. */
  sinks: readonly [users: string, errors: string, counts: string]
  checkpointMs: number
}

export function usersApplication({ role, code, sinks, checkpointMs }: UsersApplication): CreateApplicationCommandInput {
  const [users, errors, counts] = sinks
  return {
    ApplicationName: 'users',
    RuntimeEnvironment: 'FLINK-2_2',
    ServiceExecutionRole: role,
    ApplicationConfiguration: {
      ApplicationCodeConfiguration: {
        CodeContentType: 'ZIPFILE',
        CodeContent: { S3ContentLocation: { BucketARN: code.bucketArn, FileKey: code.key } },
      },
      FlinkApplicationConfiguration: {
        CheckpointConfiguration: {
          ConfigurationType: 'CUSTOM',
          CheckpointingEnabled: true,
          CheckpointInterval: checkpointMs,
        },
      },
      EnvironmentProperties: {
        PropertyGroups: [
          {
            PropertyGroupId: 'kinesis.analytics.flink.run.options',
            PropertyMap: { python: 'main.py', jarfile: 'lib/pyflink-dependencies.jar' },
          },
          {
            PropertyGroupId: 'sql.vars',
            PropertyMap: {
              STREAM_ARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/users',
              REGION: 'us-east-1',
              USERS_DELIVERY_STREAM: users,
              ERRORS_DELIVERY_STREAM: errors,
              COUNTS_DELIVERY_STREAM: counts,
            },
          },
        ],
      },
    },
  }
}
