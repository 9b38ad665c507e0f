/** Lines of an application in the log stream that it names, as its role. */
import type { Cloud } from '../../cloud.ts'
import type { Principal } from '../../gateway/principal.ts'
import type { ApplicationRecord } from './store.ts'

const LOG_STREAM = /:log-group:([^:]+):log-stream:(.+)$/

export class ApplicationLog {
  readonly #cloud: Cloud
  readonly #application: ApplicationRecord
  readonly #principal: () => Principal

  constructor(cloud: Cloud, application: ApplicationRecord, principal: () => Principal) {
    this.#cloud = cloud
    this.#application = application
    this.#principal = principal
  }

  /** One line in the form of MSF's own; what cannot be written is told to the local cloud's log. */
  write(messageType: 'ERROR' | 'INFO', message: string): void {
    const { arn, version, logStreamArns } = this.#application
    for (const streamArn of logStreamArns) {
      const [, logGroupName, logStreamName] = LOG_STREAM.exec(streamArn) ?? []
      const line = JSON.stringify({
        applicationARN: arn,
        applicationVersionId: String(version),
        messageSchemaVersion: '1',
        messageType,
        message,
      })
      const logEvents = [{ timestamp: Date.now(), message: line }]
      void (async () => {
        await this.#cloud.call(this.#principal(), 'logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents })
      })().catch((error: Error) => this.#cloud.log('warn', `${arn} cannot write to ${streamArn}: ${error.message}`))
    }
  }
}
