/** The operations of Managed Service for Apache Flink (https://docs.aws.amazon.com/managed-service-for-apache-flink/latest/apiv2/API_Operations.html). */
import { randomUUID } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { described, operationInfo, summary } from './describe.ts'
import { checkRuntime, configured, updated } from './input.ts'
import type { Runner } from './runner.ts'
import type { ApplicationRecord, OperationRecord, Store } from './store.ts'

const KEPT_OPERATIONS = 50

export function createOperations(store: Store, runner: Runner): Record<string, Operation> {
  const inStatus = (name: string, operation: string, ...allowed: ApplicationRecord['status'][]): ApplicationRecord => {
    const application = store.get(name)
    if (allowed.includes(application.status)) return application
    throw new AwsError(
      'ResourceInUseException',
      `${operation} needs the application ${application.arn} to be ${allowed.join(' or ')}, and it is ${application.status}.`,
    )
  }
  const current = (application: ApplicationRecord, input: any): ApplicationRecord => {
    const { CurrentApplicationVersionId: version } = input
    if (version === undefined || version === application.version) return application
    throw new AwsError(
      'ConcurrentModificationException',
      `The application ${application.arn} is at version ${application.version}, not ${version}.`,
    )
  }
  /** Notes that something has begun. */
  const begin = (application: ApplicationRecord, operation: string): OperationRecord => {
    const record: OperationRecord = { id: randomUUID(), operation, startedAt: Date.now(), status: 'IN_PROGRESS' }
    store.change(application.name, { operations: [record, ...application.operations].slice(0, KEPT_OPERATIONS) })
    return record
  }
  const end = (name: string, id: string, error?: Error): void => {
    const operations = store.find(name)?.operations.map(
      (one): OperationRecord =>
        one.id === id
          ? {
              ...one,
              endedAt: Date.now(),
              status: error ? 'FAILED' : 'SUCCESSFUL',
              ...(error && { error: `${error.name}: ${error.message}` }),
            }
          : one,
    )
    if (operations) store.change(name, { operations })
  }

  const start = (application: ApplicationRecord): OperationRecord => {
    store.change(application.name, {
      status: 'STARTING',
      allowNonRestoredState: application.allowNonRestoredState ?? false,
    })
    const operation = begin(store.get(application.name), 'StartApplication')
    const isMine = () => store.find(application.name)?.status === 'STARTING'
    runner.start(store.get(application.name)).then(
      () => {
        if (isMine()) store.change(application.name, { status: 'RUNNING' })
        end(application.name, operation.id)
      },
      (error: Error) => {
        if (isMine()) store.change(application.name, { status: 'READY' })
        end(application.name, operation.id, error)
      },
    )
    return operation
  }

  return {
    CreateApplication(input) {
      const {
        ApplicationName: name,
        RuntimeEnvironment,
        ServiceExecutionRole: roleArn,
        Tags = [],
        CloudWatchLoggingOptions = [],
      } = input
      if (!/^[\w.-]{1,128}$/.test(name))
        throw new AwsError(
          'InvalidArgumentException',
          `"${name}" is no name of an application: use letters, digits, _, . and -.`,
        )
      if (store.find(name))
        throw new AwsError('ResourceInUseException', `Application already exists: ${store.arnOf(name)}`)
      if (input.ApplicationMode === 'INTERACTIVE')
        throw new AwsError('InvalidArgumentException', 'Studio notebooks (INTERACTIVE) are not emulated locally.')
      const now = Date.now()
      const application: ApplicationRecord = {
        name,
        arn: store.arnOf(name),
        ...(input.ApplicationDescription && { description: input.ApplicationDescription }),
        runtime: checkRuntime(RuntimeEnvironment),
        roleArn,
        ...configured(input.ApplicationConfiguration),
        logStreamArns: CloudWatchLoggingOptions.map((one: any) => one.LogStreamARN),
        tags: Object.fromEntries((Tags ?? []).map(({ Key, Value }: any) => [Key, Value ?? ''])),
        createdAt: now,
        updatedAt: now,
        version: 1,
        status: 'READY',
        operations: [],
      }
      store.putVersion(application)
      return { ApplicationDetail: described(application) }
    },

    DescribeApplication: ({ ApplicationName }) => ({ ApplicationDetail: described(store.get(ApplicationName)) }),

    ListApplications({ Limit = 50, NextToken = '' }) {
      if (!(Limit >= 1)) throw new AwsError('InvalidRequestException', `Limit must be at least 1, and is ${Limit}.`)
      const rest = store.list().filter((one) => one.name > NextToken)
      return {
        ApplicationSummaries: rest.slice(0, Limit).map(summary),
        ...(rest.length > Limit && { NextToken: rest[Limit - 1]!.name }),
      }
    },

    UpdateApplication(input) {
      const application = current(inStatus(input.ApplicationName, 'UpdateApplication', 'READY', 'RUNNING'), input)
      const next: ApplicationRecord = {
        ...updated(application, input.ApplicationConfigurationUpdate),
        ...(input.ServiceExecutionRoleUpdate && { roleArn: input.ServiceExecutionRoleUpdate }),
        ...(input.RuntimeEnvironmentUpdate && { runtime: checkRuntime(input.RuntimeEnvironmentUpdate) }),
        version: application.version + 1,
        updatedAt: Date.now(),
      }
      const wasRunning = application.status === 'RUNNING'
      store.putVersion({ ...next, status: wasRunning ? 'UPDATING' : 'READY' })
      const operation = begin(store.get(next.name), 'UpdateApplication')
      if (wasRunning) {
        // The running job takes a snapshot, and the new version goes on from it.
        void runner.stop(next.name).then(() => {
          end(next.name, operation.id)
          const allowNonRestoredState =
            input.RunConfigurationUpdate?.FlinkRunConfiguration?.AllowNonRestoredState ?? false
          if (store.find(next.name)?.status === 'UPDATING') start({ ...store.get(next.name), allowNonRestoredState })
        })
      } else end(next.name, operation.id)
      return { ApplicationDetail: described(store.get(next.name)), OperationId: operation.id }
    },

    async StartApplication({ ApplicationName, RunConfiguration }) {
      const application = inStatus(ApplicationName, 'StartApplication', 'READY')
      const restore =
        RunConfiguration?.ApplicationRestoreConfiguration?.ApplicationRestoreType ?? 'RESTORE_FROM_LATEST_SNAPSHOT'
      if (restore === 'RESTORE_FROM_CUSTOM_SNAPSHOT')
        throw new AwsError(
          'UnsupportedOperationException',
          'The local Managed Service for Apache Flink keeps the latest snapshot only.',
        )
      const isFresh = restore === 'SKIP_RESTORE_FROM_SNAPSHOT' || !application.snapshots
      store.change(application.name, { status: 'STARTING' })
      if (isFresh) await runner.forget(application)
      const allowNonRestoredState = RunConfiguration?.FlinkRunConfiguration?.AllowNonRestoredState ?? false
      store.change(application.name, { allowNonRestoredState })
      return { OperationId: start(store.get(application.name)).id }
    },

    StopApplication({ ApplicationName: name }) {
      const application = inStatus(name, 'StopApplication', 'RUNNING', 'STARTING', 'UPDATING')
      store.change(name, { status: 'STOPPING' })
      const operation = begin({ ...application, status: 'STOPPING' }, 'StopApplication')
      void runner.stop(name).then(() => {
        if (store.find(name)?.status === 'STOPPING') store.change(name, { status: 'READY' })
        end(name, operation.id)
      })
      return { OperationId: operation.id }
    },

    DeleteApplication({ ApplicationName: name, CreateTimestamp }) {
      const application = store.get(name)
      // Compared by the second: clients round timestamps.
      const given = Math.floor(new Date(CreateTimestamp).getTime() / 1000)
      if (given !== Math.floor(application.createdAt / 1000))
        throw new AwsError(
          'InvalidArgumentException',
          `CreateTimestamp is not that of the application ${application.arn}: describe it first.`,
        )
      store.change(name, { status: 'DELETING' })
      void runner
        .stop(name)
        .then(() => runner.forget(application))
        .then(() => store.remove(name))
    },

    ListApplicationVersions({ ApplicationName }) {
      store.get(ApplicationName)
      const versions = store
        .versions(ApplicationName)
        .map((one) => ({ ApplicationVersionId: one.version, ApplicationStatus: one.status }))
      return { ApplicationVersionSummaries: versions.reverse() }
    },

    DescribeApplicationVersion({ ApplicationName, ApplicationVersionId }) {
      const application = store.versions(ApplicationName).find((one) => one.version === ApplicationVersionId)
      if (!application)
        throw new AwsError(
          'ResourceNotFoundException',
          `The application ${store.arnOf(ApplicationName)} has no version ${ApplicationVersionId}.`,
        )
      return { ApplicationVersionDetail: described(application) }
    },

    ListApplicationOperations: ({ ApplicationName }) => ({
      ApplicationOperationInfoList: store
        .get(ApplicationName)
        .operations.map((one) => ({ ...operationInfo(one), OperationId: one.id })),
    }),

    DescribeApplicationOperation({ ApplicationName, OperationId }) {
      const operation = store.get(ApplicationName).operations.find((one) => one.id === OperationId)
      if (!operation)
        throw new AwsError(
          'ResourceNotFoundException',
          `The application ${store.arnOf(ApplicationName)} has no operation ${OperationId}.`,
        )
      return {
        ApplicationOperationInfoDetails: {
          ...operationInfo(operation),
          ...(operation.error && { OperationFailureDetails: { ErrorInfo: { ErrorString: operation.error } } }),
        },
      }
    },

    AddApplicationCloudWatchLoggingOption({ ApplicationName, CloudWatchLoggingOption }) {
      const application = store.get(ApplicationName)
      const LogStreamARN = CloudWatchLoggingOption?.LogStreamARN
      if (!LogStreamARN)
        throw new AwsError('InvalidArgumentException', 'CloudWatchLoggingOption.LogStreamARN must not be null.')
      store.putVersion({
        ...application,
        logStreamArns: [...application.logStreamArns, LogStreamARN],
        version: application.version + 1,
      })
      return { ApplicationARN: application.arn, ApplicationVersionId: application.version + 1 }
    },

    TagResource({ ResourceARN, Tags }) {
      const { name, tags } = store.get(ResourceARN?.split(':application/')[1] ?? '')
      store.change(name, {
        tags: { ...tags, ...Object.fromEntries((Tags ?? []).map(({ Key, Value }: any) => [Key, Value ?? ''])) },
      })
    },

    UntagResource({ ResourceARN, TagKeys }) {
      const { name, tags } = store.get(ResourceARN?.split(':application/')[1] ?? '')
      store.change(name, {
        tags: Object.fromEntries(Object.entries(tags).filter(([key]) => !(TagKeys ?? []).includes(key))),
      })
    },

    ListTagsForResource({ ResourceARN }) {
      const { tags } = store.get(ResourceARN?.split(':application/')[1] ?? '')
      return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }
    },
  }
}
