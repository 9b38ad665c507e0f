/** Conditional requests and ranges, as RFC 9110 (13, 14) and S3 have them. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { StoredObject } from './store.ts'

interface Conditions {
  IfMatch?: string
  IfNoneMatch?: string
  IfModifiedSince?: Date
  IfUnmodifiedSince?: Date
}

/** @throws AwsError PreconditionFailed (412) or NotModified (304) */
export function checkRead(object: StoredObject, conditions: Conditions): void {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions
  const modified = wholeSeconds(object.modified)
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, object.etag)) throw failed('If-Match')
  } else if (IfUnmodifiedSince && modified > wholeSeconds(IfUnmodifiedSince)) throw failed('If-Unmodified-Since')
  if (IfNoneMatch !== undefined) {
    if (matches(IfNoneMatch, object.etag)) throw notModified()
  } else if (IfModifiedSince && modified <= wholeSeconds(IfModifiedSince)) throw notModified()
}

/** @throws AwsError PreconditionFailed, or NoSuchKey where IfMatch meets no object */
export function checkWrite(
  existing: StoredObject | undefined,
  key: string,
  { IfMatch, IfNoneMatch }: Conditions,
): void {
  if (IfNoneMatch !== undefined && existing && matches(IfNoneMatch, existing.etag)) throw failed('If-None-Match')
  if (IfMatch === undefined) return
  if (!existing) throw noSuchKey(key)
  if (!matches(IfMatch, existing.etag)) throw failed('If-Match')
}

/** @throws AwsError PreconditionFailed when the source of a copy is not as the caller wants it */
export function checkCopySource(source: StoredObject, input: any): void {
  try {
    checkRead(source, {
      IfMatch: input.CopySourceIfMatch,
      IfNoneMatch: input.CopySourceIfNoneMatch,
      IfModifiedSince: input.CopySourceIfModifiedSince,
      IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
    })
  } catch (error) {
    throw (error as Error).name === 'NotModified' ? failed('x-amz-copy-source-If-None-Match') : error
  }
}

/** First and last byte, both inclusive. Undefined for no range, or one that S3 ignores (several ranges, another unit). */
export function byteRange(range: string | undefined, size: number): { from: number; to: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (first !== '' && last !== '' && Number(last) < from) return undefined
  if (from >= size || (first === '' && Number(last) === 0))
    throw new AwsError(
      'InvalidRange',
      'The requested range is not satisfiable',
      { RangeRequested: range, ActualObjectSize: String(size) },
      416,
    )
  return { from, to }
}

export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 'The specified key does not exist.', { Key: key }, 404)
}

/** `*`, or a list of ETags with or without quotes. */
function matches(wanted: string, etag: string) {
  return wanted
    .split(',')
    .map((one) => one.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((one) => one === '*' || one === etag)
}

const wholeSeconds = (date: Date) => Math.floor(new Date(date).getTime() / 1000)
const failed = (Condition: string) =>
  new AwsError(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    { Condition },
    412,
  )
const notModified = () => new AwsError('NotModified', 'Not Modified', {}, 304)
