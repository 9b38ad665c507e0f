/** What functions write goes to CloudWatch Logs, as the function's own role: without the permission there are no logs. */
import type { Cloud } from '../../cloud.ts'
import type { Principal } from '../../gateway/principal.ts'

const FLUSH_MS = 50
const MAX_BATCH = 1000

interface Batch {
  principal: Principal
  group: string
  stream: string
  events: { timestamp: number; message: string }[]
}

export class FunctionLogs {
  readonly #cloud: Cloud
  readonly #batches = new Map<string, Batch>()
  readonly #streams = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor(cloud: Cloud) {
    this.#cloud = cloud
  }

  write(principal: Principal, group: string, stream: string, message: string): void {
    const key = `${group}\n${stream}`
    const batch = this.#batches.get(key) ?? { principal, group, stream, events: [] }
    this.#batches.set(key, batch)
    batch.events.push({ timestamp: Date.now(), message })
    if (batch.events.length >= MAX_BATCH) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), FLUSH_MS)
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batches = [...this.#batches.values()]
    this.#batches.clear()
    // One after the other, so that lines keep their order.
    this.#flushing = this.#flushing.then(() => this.#send(batches))
    return this.#flushing
  }

  async #send(batches: Batch[]): Promise<void> {
    for (const { principal, group, stream, events } of batches) {
      try {
        await this.#createStream(principal, group, stream)
        const input = { logGroupName: group, logStreamName: stream, logEvents: events }
        await this.#cloud.call(principal, 'logs', 'PutLogEvents', input)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#cloud.log('warn', `Log lines of ${group} were lost: ${reason}`)
      }
    }
  }

  async #createStream(principal: Principal, group: string, stream: string): Promise<void> {
    const key = `${group}\n${stream}`
    if (this.#streams.has(key)) return
    try {
      await this.#cloud.call(principal, 'logs', 'CreateLogStream', { logGroupName: group, logStreamName: stream })
    } catch (error) {
      if ((error as Error).name !== 'ResourceAlreadyExistsException') throw error
    }
    this.#streams.add(key)
  }
}
