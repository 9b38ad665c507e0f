/** Applications and operations as the API shows them. */
import type { ApplicationRecord, OperationRecord } from './store.ts'

export function summary(application: ApplicationRecord) {
  return {
    ApplicationName: application.name,
    ApplicationARN: application.arn,
    ApplicationStatus: application.status,
    ApplicationVersionId: application.version,
    RuntimeEnvironment: application.runtime,
    ApplicationMode: 'STREAMING',
  }
}

export function described(application: ApplicationRecord) {
  const { code, properties, flink, snapshots, logStreamArns } = application
  return {
    ...summary(application),
    ...(application.description && { ApplicationDescription: application.description }),
    ServiceExecutionRole: application.roleArn,
    CreateTimestamp: new Date(application.createdAt),
    LastUpdateTimestamp: new Date(application.updatedAt),
    ApplicationConfigurationDescription: {
      ApplicationCodeConfigurationDescription: {
        CodeContentType: 'ZIPFILE',
        CodeContentDescription: {
          S3ApplicationCodeLocationDescription: {
            BucketARN: `arn:aws:s3:::${code.bucket}`,
            FileKey: code.key,
            ...(code.version && { ObjectVersion: code.version }),
          },
        },
      },
      EnvironmentPropertyDescriptions: {
        PropertyGroupDescriptions: Object.entries(properties).map(([PropertyGroupId, PropertyMap]) => ({
          PropertyGroupId,
          PropertyMap,
        })),
      },
      FlinkApplicationConfigurationDescription: {
        ...(flink?.CheckpointConfiguration && { CheckpointConfigurationDescription: flink.CheckpointConfiguration }),
        ...(flink?.MonitoringConfiguration && { MonitoringConfigurationDescription: flink.MonitoringConfiguration }),
        ...(flink?.ParallelismConfiguration && { ParallelismConfigurationDescription: flink.ParallelismConfiguration }),
      },
      ApplicationSnapshotConfigurationDescription: { SnapshotsEnabled: snapshots },
    },
    CloudWatchLoggingOptionDescriptions: logStreamArns.map((LogStreamARN, i) => ({
      CloudWatchLoggingOptionId: `1.${i + 1}`,
      LogStreamARN,
    })),
  }
}

export function operationInfo({ operation, startedAt, endedAt, status }: OperationRecord) {
  return {
    Operation: operation,
    StartTime: new Date(startedAt),
    EndTime: new Date(endedAt ?? startedAt),
    OperationStatus: status,
  }
}
