/** Creates the delivery streams to S3, for users, errors and counts; adopts those that are there. */
import { CreateDeliveryStreamCommand, type ExtendedS3DestinationConfiguration } from '@aws-sdk/client-firehose'
import { z } from 'zod'
import { TransientError } from '../errors.ts'
import { executionSchema, required, task } from '../task.ts'
import { deliveryStream, firehose, OWNER_TAG, streamEnvironment } from './resources.ts'

const environment = streamEnvironment.extend({
  LAKE_BUCKET: required,
  DELIVERY_ROLE_ARN: required,
  TRANSFORM_FUNCTION_ARN: required,
  BUFFER_SECONDS: z.coerce.number().int().min(0).max(900).default(60),
  BUFFER_MEGABYTES: z.coerce.number().int().min(1).max(128).default(5),
})

type Environment = z.output<typeof environment>

const BY_HOUR = '!{timestamp:yyyy/MM/dd/HH}/'

export const handler = task({
  name: 'CreateDeliveryStreams',
  input: z.object({ execution: executionSchema }),
  environment,
  async run({ input: { execution }, env, log }) {
    const folders = {
      [env.USERS_DELIVERY_STREAM]: 'users',
      [env.ERRORS_DELIVERY_STREAM]: 'errors',
      [env.COUNTS_DELIVERY_STREAM]: 'counts',
    }
    const adopted: string[] = []
    for (const [DeliveryStreamName, folder] of Object.entries(folders)) {
      const found = await deliveryStream(DeliveryStreamName)
      if (found?.DeliveryStreamStatus === 'DELETING')
        throw new TransientError(`The delivery stream ${DeliveryStreamName} is being deleted.`)
      if (found) adopted.push(DeliveryStreamName)
      else
        await firehose.send(
          new CreateDeliveryStreamCommand({
            DeliveryStreamName,
            DeliveryStreamType: 'DirectPut',
            ExtendedS3DestinationConfiguration: destination(folder, env),
            Tags: [{ Key: OWNER_TAG, Value: execution.arn }],
          }),
        )
    }
    log.info('Delivery streams', { all: Object.keys(folders), adopted })
    return { deliveryStreams: Object.keys(folders), adopted }
  },
})

function destination(folder: string, env: Environment): ExtendedS3DestinationConfiguration {
  return {
    RoleARN: env.DELIVERY_ROLE_ARN,
    BucketARN: `arn:aws:s3:::${env.LAKE_BUCKET}`,
    Prefix: `stream/${folder}/${BY_HOUR}`,
    ErrorOutputPrefix: `stream/failed/${folder}/!{firehose:error-output-type}/${BY_HOUR}`,
    BufferingHints: { SizeInMBs: env.BUFFER_MEGABYTES, IntervalInSeconds: env.BUFFER_SECONDS },
    CompressionFormat: 'UNCOMPRESSED',
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: 'Lambda',
          Parameters: [
            { ParameterName: 'LambdaArn', ParameterValue: env.TRANSFORM_FUNCTION_ARN },
            { ParameterName: 'BufferSizeInMBs', ParameterValue: '1' },
            { ParameterName: 'BufferIntervalInSeconds', ParameterValue: String(env.BUFFER_SECONDS) },
            { ParameterName: 'NumberOfRetries', ParameterValue: '3' },
          ],
        },
      ],
    },
  }
}
