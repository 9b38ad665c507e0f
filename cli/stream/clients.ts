/** SDK clients for the stream; few commands need them. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SFNClient } from '@aws-sdk/client-sfn'
import { connectToRunning } from '../clients.ts'
import { OPERATOR, REGION } from '../endpoint.ts'
import { CliError } from '../errors.ts'

export interface StreamClients {
  kinesis: KinesisClient
  firehose: FirehoseClient
  cloudwatch: CloudWatchClient
  s3: S3Client
  lambda: LambdaClient
  states: SFNClient
  close(): void
}

/** @param endpoint the local cloud; where it is left out, AWS as the SDK finds it: region and credentials of the environment or a profile */
export function connectStream(endpoint?: string): StreamClients {
  const options = endpoint ? { endpoint, region: process.env.AWS_REGION ?? REGION, credentials: OPERATOR } : {}
  const clients = {
    kinesis: new KinesisClient(options),
    firehose: new FirehoseClient(options),
    cloudwatch: new CloudWatchClient(options),
    s3: new S3Client({ ...options, ...(endpoint && { forcePathStyle: true }) }),
    lambda: new LambdaClient(options),
    states: new SFNClient(options),
  }
  return {
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy()
    },
  }
}

/** What `--endpoint` and `--aws` say. @throws CliError when no local cloud is up that should be, or AWS is meant and no region is set */
export async function connectAsTold(told: { endpoint: string; aws?: boolean }): Promise<StreamClients> {
  if (told.aws) {
    const clients = connectStream()
    await clients.kinesis.config.region().catch((error: Error) => {
      throw new CliError(`${error.message}: set AWS_REGION, or AWS_PROFILE to a profile that has one.`)
    })
    return clients
  }
  const { endpoint, close } = await connectToRunning(told.endpoint)
  close()
  return connectStream(endpoint)
}
