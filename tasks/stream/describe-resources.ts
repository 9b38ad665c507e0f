/** How stream, delivery streams and application are now; the workflow waits until they are as it wants them. */
import {
  DescribeApplicationOperationCommand,
  ListApplicationOperationsCommand,
} from '@aws-sdk/client-kinesis-analytics-v2'
import { z } from 'zod'
import { task } from '../task.ts'
import {
  analytics,
  application,
  deliveryStream,
  deliveryStreams,
  NONE,
  streamEnvironment,
  streamSummary,
} from './resources.ts'

export const handler = task({
  name: 'DescribeResources',
  input: z.object({}),
  environment: streamEnvironment,
  async run({ env }) {
    const [stream, app, ...delivery] = await Promise.all([
      streamSummary(env.STREAM_NAME),
      application(env.APPLICATION_NAME),
      ...deliveryStreams(env).map(deliveryStream),
    ])
    const statuses = delivery.map((one) => one?.DeliveryStreamStatus ?? NONE)
    const failure = app?.ApplicationStatus === 'READY' ? await lastFailure(env.APPLICATION_NAME) : undefined
    return {
      stream: stream?.StreamStatus ?? NONE,
      deliveryStreams: new Set(statuses).size === 1 ? statuses[0] : 'MIXED',
      application: app?.ApplicationStatus ?? NONE,
      ...(failure && { failure }),
      gone: !stream && !app && delivery.every((one) => one === undefined),
    }
  },
})

/** Why the application's last operation failed, if it did: a start that fails leaves it READY. */
async function lastFailure(ApplicationName: string): Promise<string | undefined> {
  const { ApplicationOperationInfoList: [last] = [] } = await analytics.send(
    new ListApplicationOperationsCommand({ ApplicationName, Limit: 1 }),
  )
  if (last?.OperationStatus !== 'FAILED' || !last.OperationId) return undefined
  const { ApplicationOperationInfoDetails: details } = await analytics.send(
    new DescribeApplicationOperationCommand({ ApplicationName, OperationId: last.OperationId }),
  )
  return details?.OperationFailureDetails?.ErrorInfo?.ErrorString ?? `${last.Operation} failed.`
}
