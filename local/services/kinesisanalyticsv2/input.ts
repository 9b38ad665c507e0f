/** CreateApplication's and UpdateApplication's configurations, checked: whatever would be ignored here is refused. */
import { z } from 'zod'
import { AwsError } from '../../gateway/aws-error.ts'
import type { ApplicationRecord, PropertyGroups } from './store.ts'

const text = z.string()

const propertyGroups = z
  .array(z.object({ PropertyGroupId: text.min(1), PropertyMap: z.record(text, text) }))
  .transform(
    (groups): PropertyGroups => Object.fromEntries(groups.map((group) => [group.PropertyGroupId, group.PropertyMap])),
  )

const configuration = z.strictObject({
  ApplicationCodeConfiguration: z.object({
    CodeContentType: z.literal('ZIPFILE', 'the code is a zip on S3'),
    CodeContent: z.strictObject({
      S3ContentLocation: z.object({
        BucketARN: text.regex(/^arn:.*:s3:::.+/),
        FileKey: text.min(1),
        ObjectVersion: text.optional(),
      }),
    }),
  }),
  EnvironmentProperties: z.object({ PropertyGroups: propertyGroups }).optional(),
  FlinkApplicationConfiguration: z.looseObject({}).optional(),
  ApplicationSnapshotConfiguration: z.object({ SnapshotsEnabled: z.boolean() }).optional(),
  ApplicationSystemRollbackConfiguration: z
    .object({ RollbackEnabled: z.literal(false, 'system rollback is not emulated locally') })
    .optional(),
})

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(value)
  if (error)
    throw new AwsError(
      'InvalidArgumentException',
      `The local Managed Service for Apache Flink does not take this: ${z.prettifyError(error).replace(/\s+/g, ' ')}`,
    )
  return data as z.output<Schema>
}

const RUNTIME = /^FLINK-\d+_\d+$/

type Configured = Pick<ApplicationRecord, 'code' | 'properties' | 'flink' | 'snapshots'>

export function configured(input: unknown): Configured {
  const checked = check(configuration, input ?? {})
  const { BucketARN, FileKey, ObjectVersion } = checked.ApplicationCodeConfiguration.CodeContent.S3ContentLocation
  return {
    code: { bucket: BucketARN.split(':::')[1]!, key: FileKey, ...(ObjectVersion && { version: ObjectVersion }) },
    properties: checked.EnvironmentProperties?.PropertyGroups ?? {},
    flink: checked.FlinkApplicationConfiguration ?? {},
    snapshots: checked.ApplicationSnapshotConfiguration?.SnapshotsEnabled ?? true,
  }
}

export function checkRuntime(runtime: string): string {
  if (RUNTIME.test(runtime)) return runtime
  throw new AwsError(
    'InvalidArgumentException',
    `The local Managed Service for Apache Flink runs FLINK-2_2 and its like, not ${runtime}.`,
  )
}

const update = z.strictObject({
  ApplicationCodeConfigurationUpdate: z
    .object({
      CodeContentTypeUpdate: z.literal('ZIPFILE').optional(),
      CodeContentUpdate: z.strictObject({
        S3ContentLocationUpdate: z.object({
          BucketARNUpdate: text.optional(),
          FileKeyUpdate: text.optional(),
          ObjectVersionUpdate: text.optional(),
        }),
      }),
    })
    .optional(),
  EnvironmentPropertyUpdates: z.object({ PropertyGroups: propertyGroups }).optional(),
  FlinkApplicationConfigurationUpdate: z.looseObject({}).optional(),
  ApplicationSnapshotConfigurationUpdate: z.object({ SnapshotsEnabledUpdate: z.boolean() }).optional(),
})

/** The application with an update applied. `CheckpointConfigurationUpdate.CheckpointIntervalUpdate` becomes `CheckpointConfiguration.CheckpointInterval`. */
export function updated(application: ApplicationRecord, input: unknown): ApplicationRecord {
  const checked = check(update, input ?? {})
  const location = checked.ApplicationCodeConfigurationUpdate?.CodeContentUpdate.S3ContentLocationUpdate
  const { code } = application
  return {
    ...application,
    ...(location && {
      code: {
        bucket: location.BucketARNUpdate?.split(':::')[1] ?? code.bucket,
        key: location.FileKeyUpdate ?? code.key,
        ...(location.ObjectVersionUpdate && { version: location.ObjectVersionUpdate }),
      },
    }),
    ...(checked.EnvironmentPropertyUpdates && { properties: checked.EnvironmentPropertyUpdates.PropertyGroups }),
    ...(checked.FlinkApplicationConfigurationUpdate && {
      flink: merged(application.flink, checked.FlinkApplicationConfigurationUpdate),
    }),
    ...(checked.ApplicationSnapshotConfigurationUpdate && {
      snapshots: checked.ApplicationSnapshotConfigurationUpdate.SnapshotsEnabledUpdate,
    }),
  }
}

function merged(current: any, change: any): any {
  const result = { ...current }
  for (const [key, value] of Object.entries(change)) {
    const name = key.replace(/Update$/, '')
    result[name] = typeof value === 'object' && value !== null ? merged(result[name] ?? {}, value) : value
  }
  return result
}
