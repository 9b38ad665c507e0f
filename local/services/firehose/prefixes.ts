/**
 * Keys of delivered objects (https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html): a prefix with expressions `!{namespace:value}`
 * or without, and a suffix with stream, version, time and a random id.
 */
import { createHash } from 'node:crypto'
import { AwsError } from '../../gateway/aws-error.ts'

const EXPRESSION = /!\{([^:}]*):([^}]*)\}/g
const DEFAULT_FOLDERS = '!{timestamp:yyyy/MM/dd/HH}/'
const RANDOM_LENGTH = 11

export type ErrorOutputType = 'processing-failed'

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0')

/** A pattern of java.time.format.DateTimeFormatter with numbers only, in UTC. */
function formatTime(pattern: string, ms: number): string {
  const date = new Date(ms)
  const fields: Record<string, number> = {
    y: date.getUTCFullYear(),
    M: date.getUTCMonth() + 1,
    d: date.getUTCDate(),
    H: date.getUTCHours(),
    m: date.getUTCMinutes(),
    s: date.getUTCSeconds(),
    S: date.getUTCMilliseconds(),
  }
  return pattern.replace(/'([^']*)'|([yMdHms])\2*|S{3}/g, (found, quoted, letter) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted
    if (letter === undefined) return pad(fields.S!, found.length)
    const value = fields[letter]!
    return letter === 'y' && found.length === 2 ? pad(value % 100) : pad(value, found.length)
  })
}

const TIME_PATTERN = /^(?:'[^']*'|[yMdHms]+|SSS|[^A-Za-z'])+$/

/** @throws AwsError InvalidArgumentException as Firehose does when a stream is made */
export function checkPrefixes(prefix: string | undefined, errorPrefix: string | undefined): void {
  const refuse = (message: string): never => {
    throw new AwsError('InvalidArgumentException', message)
  }
  for (const [name, text = ''] of [
    ['Prefix', prefix],
    ['ErrorOutputPrefix', errorPrefix],
  ] as const) {
    for (const [, namespace, value = ''] of text.matchAll(EXPRESSION)) {
      if (namespace === 'timestamp') {
        if (!TIME_PATTERN.test(value))
          refuse(`${name}: the timestamp pattern "${value}" is not one that the local Firehose can write.`)
      } else if (namespace === 'firehose') {
        if (value === 'error-output-type' && name === 'Prefix') refuse('Prefix cannot contain error-output-type.')
        if (value !== 'random-string' && value !== 'error-output-type')
          refuse(`${name}: there is no !{firehose:${value}}.`)
      } else
        refuse(
          `${name}: the namespace "${namespace}" is none of timestamp and firehose; dynamic partitioning is not emulated locally.`,
        )
    }
    if (/!\{/.test(text.replace(EXPRESSION, ''))) refuse(`${name}: the expression in "${text}" is not well formed.`)
  }
  const hasExpression = (text: string | undefined) => text?.includes('!{') ?? false
  if (hasExpression(prefix) && !errorPrefix)
    refuse('ErrorOutputPrefix cannot be null or empty when Prefix contains expressions.')
  if (hasExpression(errorPrefix) && !errorPrefix!.includes('!{firehose:error-output-type}'))
    refuse('ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}.')
}

export interface ObjectName {
  stream: string
  version: number
  /** Fixed in the write-ahead log, so that an object that is delivered again gets the same key. */
  id: string
  /** When the object was cut, and when its oldest record arrived. */
  cutAt: number
  oldestAt: number
  extension: string
}

/** The key under a prefix. An error prefix may name the kind of error. */
export function objectKey(prefix: string, name: ObjectName, errorType?: ErrorOutputType): string {
  const { stream, version, id, cutAt, oldestAt, extension } = name
  const whole = prefix.includes('!{') ? prefix : prefix + DEFAULT_FOLDERS
  const evaluated = whole.replace(EXPRESSION, (_found, namespace, value) => {
    if (namespace === 'timestamp') return formatTime(value, oldestAt)
    if (value === 'error-output-type') return errorType ?? ''
    return createHash('sha256').update(id).digest('base64url').slice(0, RANDOM_LENGTH)
  })
  return `${evaluated}${stream}-${version}-${formatTime('yyyy-MM-dd-HH-mm-ss', cutAt)}-${id}${extension}`
}
