/** Reads what Firehose has delivered: every object once, in the order of their names. */
import { DescribeDeliveryStreamCommand, type FirehoseClient } from '@aws-sdk/client-firehose'
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3'

export interface Place {
  bucket: string
  prefix: string
}

/** Where a delivery stream puts its objects; undefined when there is no such stream. */
export async function placeOf(firehose: FirehoseClient, deliveryStream: string): Promise<Place | undefined> {
  const described = await firehose
    .send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: deliveryStream }))
    .catch((error: Error) => {
      if (error.name === 'ResourceNotFoundException') return undefined
      throw error
    })
  const destination = described?.DeliveryStreamDescription?.Destinations?.[0]?.ExtendedS3DestinationDescription
  if (!destination?.BucketARN) return undefined
  const { BucketARN, Prefix = '' } = destination
  // The part behind the first expression differs from object to object.
  return { bucket: BucketARN.slice(BucketARN.lastIndexOf(':') + 1), prefix: Prefix.split('!{')[0]! }
}

/** S3 gives times to the second. */
const SLACK_MS = 1000
/** Firehose names the hour by its own clock. */
const HOUR_SLACK_MS = 60_000
/** The longest that records can be on their way: an object lies under the hour of its first record, and a buffer holds at most 15 minutes. */
const LATEST_MS = 2 * 3600 * 1000

export class LakeReader {
  readonly #s3: S3Client
  readonly #place: Place
  readonly #since: number
  readonly #read = new Set<string>()
  #isListed = false

  /** @param since objects that were there before are left out: milliseconds since the epoch */
  constructor(s3: S3Client, place: Place, since: number) {
    this.#s3 = s3
    this.#place = place
    this.#since = since
  }

  get objects(): number {
    return this.#read.size
  }

  /** Calls back for every line of the objects that are new since the last call; lines are JSON. */
  async readNew(onRow: (row: any) => void): Promise<void> {
    const { bucket: Bucket, prefix: Prefix } = this.#place
    // Firehose names objects by the hour; older hours have all been seen, or are of nobody's interest.
    const from = this.#isListed ? Math.max(this.#since, Date.now() - LATEST_MS) : this.#since
    const hour = new Date(Math.max(0, from - HOUR_SLACK_MS)).toISOString().slice(0, 13).replaceAll(/[-T]/g, '/')
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket, Prefix, StartAfter: `${Prefix}${hour}/` })
    for await (const { Contents = [] } of pages) {
      for (const { Key = '', LastModified } of Contents) {
        if (this.#read.has(Key) || (LastModified?.getTime() ?? 0) < this.#since - SLACK_MS) continue
        const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket, Key }))
        const text = (await Body?.transformToString()) ?? ''
        for (const line of text.split('\n')) if (line !== '') onRow(JSON.parse(line))
        this.#read.add(Key)
      }
    }
    this.#isListed = true
  }
}
