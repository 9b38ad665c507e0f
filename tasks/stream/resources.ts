/** The stream's resources: their names, whose they are, and how they are. All of them are looked up by name, so a retry finds what it made. */
import {
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  ListTagsForDeliveryStreamCommand,
} from '@aws-sdk/client-firehose'
import { DescribeStreamSummaryCommand, KinesisClient, ListTagsForStreamCommand } from '@aws-sdk/client-kinesis'
import {
  type ApplicationDetail,
  DescribeApplicationCommand,
  KinesisAnalyticsV2Client,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-kinesis-analytics-v2'
import { z } from 'zod'
import { required } from '../task.ts'

export const kinesis = new KinesisClient({})
export const firehose = new FirehoseClient({})
export const analytics = new KinesisAnalyticsV2Client({})

/** What every function of the workflow needs. */
export const streamEnvironment = z.object({
  STREAM_NAME: required,
  USERS_DELIVERY_STREAM: required,
  ERRORS_DELIVERY_STREAM: required,
  COUNTS_DELIVERY_STREAM: required,
  APPLICATION_NAME: required,
})

export type StreamEnvironment = z.output<typeof streamEnvironment>

/** Says which execution made a resource, so that a failed one takes away what is its own. */
export const OWNER_TAG = 'stepwell:execution'

export const deliveryStreams = (env: StreamEnvironment): string[] => [
  env.USERS_DELIVERY_STREAM,
  env.ERRORS_DELIVERY_STREAM,
  env.COUNTS_DELIVERY_STREAM,
]

/** `undefined` where the answer is that there is no such resource. */
export async function unlessMissing<Result>(call: Promise<Result>): Promise<Result | undefined> {
  try {
    return await call
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined
    throw error
  }
}

export async function streamSummary(StreamName: string) {
  return (await unlessMissing(kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))))?.StreamDescriptionSummary
}

export async function deliveryStream(DeliveryStreamName: string) {
  return (await unlessMissing(firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))))
    ?.DeliveryStreamDescription
}

export async function application(ApplicationName: string): Promise<ApplicationDetail | undefined> {
  return (await unlessMissing(analytics.send(new DescribeApplicationCommand({ ApplicationName }))))?.ApplicationDetail
}

/** The execution that made each of the resources; undefined for one that another hand has made. */
export const owner = {
  async stream(StreamName: string): Promise<string | undefined> {
    const answer = await unlessMissing(kinesis.send(new ListTagsForStreamCommand({ StreamName })))
    return answer?.Tags?.find((tag) => tag.Key === OWNER_TAG)?.Value
  },
  async deliveryStream(DeliveryStreamName: string): Promise<string | undefined> {
    const answer = await unlessMissing(firehose.send(new ListTagsForDeliveryStreamCommand({ DeliveryStreamName })))
    return answer?.Tags?.find((tag) => tag.Key === OWNER_TAG)?.Value
  },
  async application(ResourceARN: string): Promise<string | undefined> {
    const answer = await unlessMissing(analytics.send(new ListTagsForResourceCommand({ ResourceARN })))
    return answer?.Tags?.find((tag) => tag.Key === OWNER_TAG)?.Value
  },
}

/** Kinesis and Firehose are gone when there is nothing to describe. */
export const NONE = 'NONE'
