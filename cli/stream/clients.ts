/** SDK clients for the stream; few commands need them. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { OPERATOR, REGION } from '../endpoint.ts'

export interface StreamClients {
  kinesis: KinesisClient
  firehose: FirehoseClient
  cloudwatch: CloudWatchClient
  s3: S3Client
  lambda: LambdaClient
  close(): void
}

export function connectStream(endpoint: string): StreamClients {
  const options = { endpoint, region: process.env.AWS_REGION ?? REGION, credentials: OPERATOR }
  const clients = {
    kinesis: new KinesisClient(options),
    firehose: new FirehoseClient(options),
    cloudwatch: new CloudWatchClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    lambda: new LambdaClient(options),
  }
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy()
    },
  }
}
