/**
 * Firehose's transformation: a line end behind each record, so that objects in S3 are JSON Lines. Blank records are dropped; what is no JSON
 * object has failed, and Firehose keeps it under the error prefix
 * (https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html).
 */
import type {
  FirehoseRecordTransformationStatus,
  FirehoseTransformationEvent,
  FirehoseTransformationResult,
} from 'aws-lambda'

/** A function's answer may have 6 MB; what does not fit has to fail record by record, or all of the batch would. */
const MAX_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024
const FRAME_BYTES = 100

export async function handler({ records }: FirehoseTransformationEvent): Promise<FirehoseTransformationResult> {
  let bytes = 0
  return {
    records: records.map(({ recordId, data }) => {
      const { result, text } = transform(Buffer.from(data, 'base64').toString())
      const encoded = result === 'Ok' ? Buffer.from(text).toString('base64') : data
      const size = encoded.length + recordId.length + FRAME_BYTES
      if (bytes + size > MAX_ANSWER_BYTES) {
        bytes += recordId.length + FRAME_BYTES
        return { recordId, result: 'ProcessingFailed', data: '' }
      }
      bytes += size
      return { recordId, result, data: encoded }
    }),
  }
}

function transform(text: string): { result: FirehoseRecordTransformationStatus; text: string } {
  const trimmed = text.trim()
  if (trimmed === '') return { result: 'Dropped', text }
  return isObject(trimmed) ? { result: 'Ok', text: `${trimmed}\n` } : { result: 'ProcessingFailed', text }
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
