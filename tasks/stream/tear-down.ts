/**
 * Deletes application, delivery streams and stream: all of them, or those that one execution has made. What the CDK app made stays. Each call
 * takes the steps that can be taken now; the workflow calls again until nothing is left.
 */
import { DeleteDeliveryStreamCommand } from '@aws-sdk/client-firehose'
import { DeleteStreamCommand } from '@aws-sdk/client-kinesis'
import { DeleteApplicationCommand, StopApplicationCommand } from '@aws-sdk/client-kinesis-analytics-v2'
import { z } from 'zod'
import { isRunning } from '../jobs/execution.ts'
import { executionSchema, task } from '../task.ts'
import {
  analytics,
  application,
  deliveryStream,
  deliveryStreams,
  firehose,
  kinesis,
  owner,
  streamEnvironment,
  streamSummary,
  unlessMissing,
} from './resources.ts'

const STOPPABLE = ['STARTING', 'RUNNING', 'UPDATING', 'AUTOSCALING']

export const handler = task({
  name: 'TearDown',
  input: z.object({
    execution: executionSchema,
    /** The ARN of an execution that did not succeed: what others have made stays. */
    madeBy: z.string().optional(),
  }),
  environment: streamEnvironment,
  async run({ input: { execution, madeBy }, env, log }) {
    // It may have been redriven before its end was told.
    if (madeBy !== undefined && madeBy !== execution.arn && (await isRunning(madeBy))) {
      log.info('Leaves what an execution has made that runs again', { madeBy })
      return { left: [], done: true }
    }
    const isMeant = (made: string | undefined) => madeBy === undefined || made === madeBy
    const left: string[] = []

    const app = await application(env.APPLICATION_NAME)
    if (app && isMeant(await owner.application(app.ApplicationARN ?? ''))) {
      const { ApplicationName, ApplicationStatus = '', CreateTimestamp } = app
      left.push(`application ${ApplicationName}`)
      if (STOPPABLE.includes(ApplicationStatus))
        await unlessMissing(analytics.send(new StopApplicationCommand({ ApplicationName, Force: true })))
      else if (ApplicationStatus === 'READY')
        await unlessMissing(analytics.send(new DeleteApplicationCommand({ ApplicationName, CreateTimestamp })))
    }
    // The application writes to the others: it goes first.
    if (left.length === 0) {
      for (const DeliveryStreamName of deliveryStreams(env)) {
        const found = await deliveryStream(DeliveryStreamName)
        if (!found || !isMeant(await owner.deliveryStream(DeliveryStreamName))) continue
        left.push(`delivery stream ${DeliveryStreamName}`)
        if (found.DeliveryStreamStatus !== 'DELETING')
          await unlessMissing(firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName })))
      }
      const { STREAM_NAME: StreamName } = env
      const stream = await streamSummary(StreamName)
      if (stream && isMeant(await owner.stream(StreamName))) {
        left.push(`stream ${StreamName}`)
        if (stream.StreamStatus === 'ACTIVE')
          await unlessMissing(kinesis.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true })))
      }
    }
    log.info(left.length > 0 ? 'Takes down' : 'Nothing is left', { left })
    return { left, done: left.length === 0 }
  },
})
