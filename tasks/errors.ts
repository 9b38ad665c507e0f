/**
 * The errors of tasks. A function's error reaches the workflow under its `name`, so names are what `Retry` and `Catch` match on.
 */

/** An error with a name of its own; the base of all that a task throws on purpose. */
export class TaskError extends Error {
  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = name
  }
}

/** May pass by itself: throttling, an answer of 5xx, a lost connection. The definition retries it. */
export class TransientError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('TransientError', message, options)
  }
}

/** The input is not what the task takes. */
export class ValidationError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('ValidationError', message, options)
  }
}

/** The function's environment lacks a variable or holds a wrong one: mend the CDK app. */
export class ConfigurationError extends TaskError {
  constructor(message: string, options?: ErrorOptions) {
    super('ConfigurationError', message, options)
  }
}

/** An archive is turned away for what it is: it goes to the quarantine, and the execution goes on with the others. */
export class ArchiveRejection extends TaskError {}

/** Two layouts claim one quarter, or an entry's name and its field count disagree; guessing would load wrong columns. */
export class LayoutConflict extends ArchiveRejection {
  constructor(message: string) {
    super('LayoutConflict', message)
  }
}

/** An archive's bytes are not what the source announced, or the zip is damaged. */
export class ArchiveCorrupt extends ArchiveRejection {
  constructor(message: string, options?: ErrorOptions) {
    super('ArchiveCorrupt', message, options)
  }
}

/** The cluster that a step should run on is gone; the workflow makes another. */
export class ClusterMissing extends TaskError {
  constructor(message: string) {
    super('ClusterMissing', message)
  }
}

const TRANSIENT_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'PROTOCOL_CONNECTION_LOST',
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CON_COUNT_ERROR',
])

const TRANSIENT_NAMES = new Set([
  'TimeoutError',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'ActiveStatementsExceededException',
  'ActiveSessionsExceededException',
  'SlowDown',
  'ServiceUnavailable',
  'InternalServerError',
  'InternalServerException',
  'InternalServerFault',
  'TransactionConflictException',
])

interface Foreign {
  name?: unknown
  code?: unknown
  cause?: unknown
  message?: unknown
  $metadata?: { httpStatusCode?: number }
  $retryable?: unknown
}

/** Whether an error of the AWS SDK, Node's network or the MySQL driver may pass by itself. */
export function isTransient(error: unknown): boolean {
  if (error instanceof TaskError) return error.name === 'TransientError'
  if (typeof error !== 'object' || error === null) return false
  const { name, code, cause, $metadata, $retryable } = error as Foreign
  if ($retryable !== undefined) return true
  if (typeof name === 'string' && TRANSIENT_NAMES.has(name)) return true
  if (typeof code === 'string' && TRANSIENT_CODES.has(code)) return true
  const status = $metadata?.httpStatusCode
  // 501 is an operation that the other side does not have: asking again gives the same answer.
  if (status !== undefined && (status === 429 || (status >= 500 && status !== 501))) return true
  return cause !== undefined && cause !== error && isTransient(cause)
}

/** What an error says of its cause: `fetch failed` alone tells nobody that 127.0.0.1:80 refused to be connected. */
function reasonOf(error: Error): string {
  const { cause } = error
  return cause instanceof Error && !error.message.includes(cause.message) ? cause.message : ''
}

/**
 * The error as the workflow shall see it: what may pass becomes a {@link TransientError}; errors that are all called `Error` (those of
 * Node's system calls and of the MySQL driver) become a `SystemError` or a `MysqlError` with their code; all else keeps its own name
 * (`AccessDeniedException` says more than any wrapper).
 */
export function typed(error: unknown): Error {
  const known = error instanceof Error ? error : new Error(String(error))
  if (known instanceof TaskError) return known
  const { code, sqlState } = known as { code?: unknown; sqlState?: unknown }
  const what = [known.message || String(code), reasonOf(known)].filter((text) => text).join(': ')
  if (isTransient(known)) return new TransientError(`${known.name}: ${what}`, { cause: known })
  if (known.name === 'Error' && typeof code === 'string') {
    return new TaskError(sqlState === undefined ? 'SystemError' : 'MysqlError', `${code}: ${what}`, { cause: known })
  }
  return known
}
