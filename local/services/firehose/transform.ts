/**
 * A batch through the transformation function (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html). What fails becomes
 * lines for the error prefix, with the original record.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cloud } from '../../cloud.ts'
import type { Transform } from './configuration.ts'

export interface InputRecord {
  id: string
  arrivalMs: number
  data: Buffer
  /** Of a record that came from a Kinesis stream. */
  source?: { sequenceNumber: string; partitionKey: string; shardId: string }
}

export interface Transformed {
  ok: Buffer[]
  /** JSON lines for the error prefix. */
  errors: string[]
  dropped: number
}

interface Batch {
  deliveryStreamArn: string
  sourceStreamArn?: string
  records: InputRecord[]
}

const FIRST_BACKOFF_MS = 100
const LONGEST_BACKOFF_MS = 5000

/** Codes as they stand in error records; only the first is in AWS's documentation. */
type ErrorCode =
  | 'Lambda.FunctionError'
  | 'Lambda.MissingRecordId'
  | 'Lambda.DuplicatedRecordId'
  | 'Lambda.JsonProcessingException'
  | 'Lambda.InvokeAccessDenied'
  | 'Lambda.InvokeLimitExceeded'
  | 'Lambda.ResourceNotFound'
  | 'Lambda.FunctionTimedOut'

class InvocationFailure extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Invokes the function until it answers or its retries are used up. Rejects only when the signal aborts. */
export async function transformBatch(
  cloud: Cloud,
  transform: Transform,
  batch: Batch,
  signal: AbortSignal,
): Promise<Transformed> {
  const event = JSON.stringify(eventOf(cloud, batch))
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await invoke(cloud, transform, event)
      return sortOut(batch.records, answer, attempt, transform.lambdaArn)
    } catch (error) {
      if (!(error instanceof InvocationFailure)) throw error
      if (attempt > transform.retries || error.code === 'Lambda.JsonProcessingException')
        return {
          ok: [],
          errors: batch.records.map((record) =>
            errorLine(record, error.code, error.message, attempt, transform.lambdaArn),
          ),
          dropped: 0,
        }
      await sleep(Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), LONGEST_BACKOFF_MS), undefined, { signal })
    }
  }
}

/** Bytes that a record takes in the event, about. */
export const eventBytes = (data: Buffer): number => Math.ceil(data.length / 3) * 4 + 160

function eventOf(cloud: Cloud, { deliveryStreamArn, sourceStreamArn, records }: Batch) {
  return {
    invocationId: randomUUID(),
    deliveryStreamArn,
    region: cloud.region,
    ...(sourceStreamArn && { sourceKinesisStreamArn: sourceStreamArn }),
    records: records.map(({ id, arrivalMs, data, source }) => ({
      recordId: id,
      approximateArrivalTimestamp: arrivalMs,
      data: data.toString('base64'),
      ...(source && {
        kinesisRecordMetadata: { ...source, subsequenceNumber: 0, approximateArrivalTimestamp: arrivalMs },
      }),
    })),
  }
}

async function invoke(cloud: Cloud, { lambdaArn, roleArn }: Transform, event: string): Promise<any[]> {
  let result: { FunctionError?: string; Payload?: Uint8Array }
  try {
    const { principal } = cloud.assumeRole(roleArn, 'firehose.amazonaws.com', 'firehose-transform')
    result = await cloud.call(principal, 'lambda', 'Invoke', { FunctionName: lambdaArn, Payload: Buffer.from(event) })
  } catch (error) {
    throw new InvocationFailure(codeOf((error as Error).name), (error as Error).message)
  }
  const payload = Buffer.from(result.Payload ?? []).toString()
  if (result.FunctionError) {
    const timedOut = /Task timed out|Sandbox\.Timedout/.test(payload)
    throw timedOut
      ? new InvocationFailure('Lambda.FunctionTimedOut', `The Lambda function timed out: ${payload}`)
      : new InvocationFailure(
          'Lambda.FunctionError',
          `The Lambda function was successfully invoked but it returned an error result: ${payload}`,
        )
  }
  try {
    const { records } = JSON.parse(payload)
    if (Array.isArray(records)) return records
  } catch {
    // No JSON at all: the same as JSON without records.
  }
  throw new InvocationFailure(
    'Lambda.JsonProcessingException',
    'There was an error parsing the returned records: the answer is no JSON object with an array `records`.',
  )
}

function codeOf(name: string): ErrorCode {
  if (/AccessDenied|NoSuchEntity/.test(name)) return 'Lambda.InvokeAccessDenied'
  if (/ResourceNotFound/.test(name)) return 'Lambda.ResourceNotFound'
  if (/TooManyRequests|Throttl/.test(name)) return 'Lambda.InvokeLimitExceeded'
  return 'Lambda.FunctionError'
}

/** Every record must come back exactly once, as Ok, Dropped or ProcessingFailed. */
function sortOut(records: InputRecord[], answer: any[], attempt: number, lambdaArn: string): Transformed {
  const byId = new Map<string, any[]>()
  for (const one of answer) byId.set(one?.recordId, [...(byId.get(one?.recordId) ?? []), one])
  const result: Transformed = { ok: [], errors: [], dropped: 0 }
  const fail = (record: InputRecord, code: ErrorCode, message: string) =>
    result.errors.push(errorLine(record, code, message, attempt, lambdaArn))
  for (const record of records) {
    const [one, again] = byId.get(record.id) ?? []
    if (!one)
      fail(
        record,
        'Lambda.MissingRecordId',
        'One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.',
      )
    else if (again) fail(record, 'Lambda.DuplicatedRecordId', 'A record Id was returned more than once.')
    else if (one.result === 'Dropped') result.dropped++
    else if (one.result !== 'Ok')
      fail(
        record,
        'Lambda.FunctionError',
        `The Lambda function gave the record the result ${JSON.stringify(one.result)}.`,
      )
    else if (typeof one.data !== 'string')
      fail(record, 'Lambda.JsonProcessingException', 'The record was returned as Ok without data.')
    else result.ok.push(Buffer.from(one.data, 'base64'))
  }
  return result
}

function errorLine(
  { arrivalMs, data }: InputRecord,
  errorCode: ErrorCode,
  errorMessage: string,
  attemptsMade: number,
  lambdaArn: string,
): string {
  return JSON.stringify({
    attemptsMade,
    arrivalTimestamp: arrivalMs,
    errorCode,
    errorMessage,
    attemptEndingTimestamp: Date.now(),
    rawData: data.toString('base64'),
    lambdaArn,
  })
}
