/** Logging of executions to CloudWatch Logs (https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html). */
import type { Cloud } from '../../cloud.ts'
import { toEvent } from '../../engines/states/history.ts'
import type { JournalRecord } from '../../engines/states/journal.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { LoggingConfiguration } from './rows.ts'

const levels = ['OFF', 'ALL', 'ERROR', 'FATAL']

/** @throws AwsError InvalidLoggingConfiguration */
export function checkLogging(given: any, unset: LoggingConfiguration): LoggingConfiguration {
  if (given === undefined || given === null) return unset
  const invalid = (why: string) => new AwsError('InvalidLoggingConfiguration', `Invalid Logging Configuration: ${why}`)
  const level = given.level ?? 'OFF'
  if (!levels.includes(level)) throw invalid(`level ${level} is unknown.`)
  const destinations = given.destinations ?? []
  if (destinations.length > 1) throw invalid('Must specify exactly one Log Destination.')
  if (level !== 'OFF' && destinations.length === 0) throw invalid('Must specify exactly one Log Destination.')
  for (const destination of destinations) {
    const arn: unknown = destination.cloudWatchLogsLogGroup?.logGroupArn
    if (typeof arn !== 'string' || !/^arn:[\w-]+:logs:[^:]*:\d*:log-group:[^:]+(:\*)?$/.test(arn))
      throw invalid('Log Destination must be a CloudWatch log group ARN.')
  }
  return {
    ...(given.destinations !== undefined && { destinations }),
    includeExecutionData: given.includeExecutionData ?? false,
    level,
  }
}

const fatal = /^Execution(Failed|Aborted|TimedOut)$/
const failing = /(Failed|TimedOut|Aborted)$/

/** Sends an execution's events to its log group, in order and a few at a time; a log that cannot be written stops nothing. */
export class ExecutionLog {
  readonly #cloud: Cloud
  readonly #group: string
  readonly #stream: string
  readonly #arn: string
  readonly #level: string
  readonly #withData: boolean
  #waiting: { timestamp: number; message: string }[] = []
  #sending: Promise<void> | undefined
  #made = false

  constructor(cloud: Cloud, config: LoggingConfiguration, executionArn: string, streamName: string) {
    this.#cloud = cloud
    this.#group = config.destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn?.split(':')[6] ?? ''
    this.#stream = streamName
    this.#arn = executionArn
    this.#level = config.level ?? 'OFF'
    this.#withData = config.includeExecutionData ?? false
  }

  static wanted(config: LoggingConfiguration | undefined): config is LoggingConfiguration {
    return config?.level !== undefined && config.level !== 'OFF' && (config.destinations?.length ?? 0) > 0
  }

  /** Takes a record of the journal. */
  record(record: JournalRecord): void {
    const [id, previous, timestamp, type] = record
    if (id === 0) return
    if (this.#level === 'FATAL' && !fatal.test(type)) return
    if (this.#level === 'ERROR' && !failing.test(type)) return
    const event = toEvent(record, this.#withData)!
    const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1] ?? {}
    this.#waiting.push({
      timestamp,
      message: JSON.stringify({
        id: String(id),
        type,
        details,
        previous_event_id: String(previous),
        event_timestamp: String(timestamp),
        execution_arn: this.#arn,
      }),
    })
    this.#sending ??= new Promise<void>((resume) => setTimeout(resume, 20)).then(() => this.#send())
  }

  /** Settles when all that was recorded has been sent. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending
  }

  async #send(): Promise<void> {
    const events = this.#waiting.splice(0)
    const principal = this.#cloud.servicePrincipal('delivery.logs.amazonaws.com', this.#arn)
    const at = { logGroupName: this.#group, logStreamName: this.#stream }
    try {
      if (!this.#made) {
        this.#made = true
        await this.#cloud.call(principal, 'logs', 'CreateLogStream', at).catch((error: Error) => {
          if (error.name !== 'ResourceAlreadyExistsException') throw error
        })
      }
      await this.#cloud.call(principal, 'logs', 'PutLogEvents', { ...at, logEvents: events })
    } catch (error) {
      this.#cloud.log('warn', 'An execution could not be logged.', {
        execution: this.#arn,
        logGroup: this.#group,
        error: (error as Error).name,
      })
    }
    this.#sending = this.#waiting.length > 0 ? this.#send() : undefined
  }
}
