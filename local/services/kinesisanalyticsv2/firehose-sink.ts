/** The connector `firehose`: PutRecordBatch, entries that fail again (https://nightlies.apache.org/flink/flink-docs-stable/docs/connectors/table/firehose/). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import type { Sink } from '../../engines/flink-sql/index.ts'
import type { Principal } from '../../gateway/principal.ts'
import { CodeError } from './code.ts'

/** https://docs.aws.amazon.com/firehose/latest/dev/limits.html */
const MAX_RECORDS = 500
const MAX_BATCH_BYTES = 4 * 1024 * 1024
const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5000
const PASSING = new Set([
  'ServiceUnavailableException',
  'LimitExceededException',
  'ThrottlingException',
  'InternalFailure',
])

export interface FirehoseSinkOptions {
  /** Says who sends, so that the delivery stream leaves out what is sent again after a restart. */
  producer?: string
}

/** @throws CodeError for options that are missing or wrong */
export function firehoseSink(
  cloud: Cloud,
  principal: Principal,
  options: Record<string, string>,
  { producer }: FirehoseSinkOptions = {},
): Sink {
  if (options.connector !== 'firehose')
    throw new CodeError(`A sink's connector is '${options.connector}'; there is 'firehose'.`)
  const other = Object.keys(options).find(
    (name) => !['connector', 'delivery-stream', 'aws.region'].includes(name) && !name.startsWith('sink.'),
  )
  if (other) throw new CodeError(`The local firehose connector does not take the option '${other}'.`)
  const { 'delivery-stream': DeliveryStreamName } = options
  if (!DeliveryStreamName) throw new CodeError("The firehose connector needs the option 'delivery-stream'.")

  const send = async (batch: Buffer[], offset: number, signal: AbortSignal): Promise<void> => {
    let Records = batch.map((Data) => ({ Data }))
    for (let attempt = 0; Records.length > 0; attempt++) {
      try {
        const LocalProducer = producer === undefined ? undefined : { id: producer, offset }
        const { FailedPutCount, RequestResponses } = await cloud.call(principal, 'firehose', 'PutRecordBatch', {
          DeliveryStreamName,
          Records,
          ...(LocalProducer && { LocalProducer }),
        })
        if (FailedPutCount === 0) return
        Records = Records.filter((_record, i) => RequestResponses[i].ErrorCode)
      } catch (error) {
        if (!PASSING.has((error as Error).name)) throw error
      }
      await sleep(Math.min(FIRST_BACKOFF_MS * 2 ** attempt, LONGEST_BACKOFF_MS), undefined, { signal })
    }
  }

  return {
    async write(rows, offset, signal) {
      let batch: Buffer[] = []
      let bytes = 0
      let sent = offset
      const flush = async () => {
        await send(batch, sent, signal)
        sent += batch.length
        batch = []
        bytes = 0
      }
      for (const row of rows) {
        const data = Buffer.from(row)
        if (batch.length === MAX_RECORDS || (bytes + data.length > MAX_BATCH_BYTES && batch.length > 0)) await flush()
        batch.push(data)
        bytes += data.length
      }
      if (batch.length > 0) await flush()
    },
  }
}
