/** Invocations: synchronous, asynchronous with Lambda's two retries, and dry runs. */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InvocationType, LogType } from '@aws-sdk/client-lambda'
import type { Cloud, Collection } from '../../cloud.ts'
import type { InvocationResult } from '../../engines/lambda/function.ts'
import { LambdaRuntime, type SandboxLimits } from '../../engines/lambda/runtime.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import type { FunctionRecord, Functions } from './functions.ts'
import { FunctionLogs } from './logs.ts'

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_SYNC_PAYLOAD_BYTES = 6 * 1024 * 1024
const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024
const MAX_LOG_TAIL_BYTES = 4096
const TOO_LARGE = 413
/** What could not be invoked for so long is dropped (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html). */
const MAX_EVENT_AGE_MS = 6 * 3600_000
/** Lambda waits one and two minutes; nobody at a terminal does. */
const ASYNC_RETRY_MS = [1000, 2000]

export interface InvokeInput {
  FunctionName: string
  Payload?: Uint8Array | string
  InvocationType?: InvocationType
  LogType?: LogType
}

/** An asynchronous invocation that was accepted and is not over, by request id: it outlives the process. */
interface QueuedEvent {
  function: string
  event: string
  acceptedAt: number
  attempts: number
}

export class Invoker {
  readonly #cloud: Cloud
  readonly #functions: Functions
  readonly #runtime: LambdaRuntime
  readonly #logs: FunctionLogs
  readonly #metrics: MetricReporter
  readonly #streams = new Map<string, string>()
  readonly #queue: Collection<QueuedEvent>
  readonly #background = new Set<Promise<void>>()
  /** The attempts of asynchronous invocations under way. */
  readonly #attempts = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()

  constructor(cloud: Cloud, functions: Functions, limits?: SandboxLimits) {
    this.#runtime = new LambdaRuntime(limits)
    this.#cloud = cloud
    this.#functions = functions
    this.#queue = cloud.collection('lambda.queue')
    this.#logs = new FunctionLogs(cloud)
    this.#metrics = new MetricReporter(cloud, 'lambda.amazonaws.com', 'AWS/Lambda', 'FunctionName')
  }

  async invoke(input: InvokeInput, requestId: string) {
    const record = this.#functions.find(input.FunctionName)
    const event = input.Payload?.length ? Buffer.from(input.Payload as Uint8Array).toString() : '{}'
    checkEvent(event, input.InvocationType === 'Event' ? MAX_ASYNC_PAYLOAD_BYTES : MAX_SYNC_PAYLOAD_BYTES)
    if (input.InvocationType === 'DryRun') return { StatusCode: 204 }
    if (input.InvocationType === 'Event') {
      const queued = { function: record.name, event, acceptedAt: Date.now(), attempts: 0 }
      this.#queue.put(requestId, queued)
      this.#inBackground(requestId, queued)
      return { StatusCode: 202 }
    }
    const tail: string[] = []
    const result = await this.#run(record, event, requestId, (line) => tail.push(line))
    if (Buffer.byteLength(result.payload) > MAX_SYNC_PAYLOAD_BYTES) return responseTooLarge(result, requestId)
    return {
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      Payload: Buffer.from(result.payload),
      ...(result.error && { FunctionError: result.error }),
      ...(input.LogType === 'Tail' && {
        LogResult: Buffer.from(tail.join('\n').slice(-MAX_LOG_TAIL_BYTES)).toString('base64'),
      }),
    }
  }

  recycle(name: string): Promise<void> {
    return this.#runtime.recycle(name)
  }

  /** Goes on with what the last process accepted and did not get done: a function may see an event twice, as on AWS. */
  resume(): void {
    for (const [requestId, queued] of this.#queue.entries()) {
      const isKnown = this.#functions.records.get(queued.function) !== undefined
      if (isKnown && Date.now() - queued.acceptedAt < MAX_EVENT_AGE_MS) this.#inBackground(requestId, queued)
      else this.#queue.delete(requestId)
    }
  }

  /** Waits for the asynchronous invocations that run, not for those that wait for another try. @returns whether there were any */
  async drain(): Promise<boolean> {
    const now = [...this.#attempts]
    await Promise.allSettled(now)
    // Those that are over leave the queue first.
    await new Promise((resolve) => setImmediate(resolve))
    return now.length > 0
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#runtime.close()
    await Promise.allSettled(this.#background)
    await this.#logs.flush()
    await this.#metrics.close()
  }

  async #run(
    record: FunctionRecord,
    event: string,
    requestId: string,
    listen: (line: string) => void,
  ): Promise<InvocationResult> {
    const session = this.#cloud.assumeRole(record.role, 'lambda.amazonaws.com', record.name)
    const stream = this.#logStream(record.name)
    const write = (line: string) => {
      listen(line)
      this.#logs.write(session.principal, record.logGroup, stream, line)
    }
    write(`START RequestId: ${requestId} Version: $LATEST`)
    const spec = this.#functions.spec(record, session, stream, write)
    const result = await this.#runtime.invoke(spec, { requestId, event })
    write(`END RequestId: ${requestId}`)
    write(reportLine(requestId, record.memoryMb, result))
    this.#measure(record.name, result)
    return result
  }

  /** @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html */
  #measure(name: string, { error, durationMs }: InvocationResult): void {
    this.#metrics.add(name, 'Invocations', 1)
    this.#metrics.add(name, 'Errors', error ? 1 : 0)
    // Invocations wait for a free sandbox here, so none is refused.
    this.#metrics.add(name, 'Throttles', 0)
    this.#metrics.add(name, 'Duration', durationMs, 'Milliseconds')
  }

  #inBackground(requestId: string, queued: QueuedEvent): void {
    const work = this.#runInBackground(requestId, queued)
    this.#background.add(work)
    void work.finally(() => this.#background.delete(work))
  }

  async #runInBackground(requestId: string, queued: QueuedEvent): Promise<void> {
    for (;;) {
      const problem = await this.#attempt(requestId, queued)
      if (problem === undefined) break
      // What the closing cut off did not fail: the next process tries it again.
      if (this.#closing.signal.aborted) return
      const wait = ASYNC_RETRY_MS[queued.attempts++]
      if (wait === undefined) {
        this.#cloud.log('error', `The asynchronous invocation of ${queued.function} failed for good: ${problem}`, {
          requestId,
        })
        break
      }
      this.#queue.put(requestId, queued)
      await sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => {})
      if (this.#closing.signal.aborted) return
    }
    this.#queue.delete(requestId)
  }

  /** @returns why the attempt failed, if it did */
  async #attempt(requestId: string, { function: name, event }: QueuedEvent): Promise<string | undefined> {
    const run = async () => this.#run(this.#functions.find(name), event, requestId, () => {})
    const attempt = run()
    this.#attempts.add(attempt)
    try {
      const result = await attempt
      return result.error && result.payload
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    } finally {
      this.#attempts.delete(attempt)
    }
  }

  #logStream(name: string): string {
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/')
    const key = `${name}/${day}`
    const known = this.#streams.get(key)
    if (known) return known
    const made = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`
    this.#streams.set(key, made)
    return made
  }
}

function checkEvent(event: string, limit: number): void {
  const size = Buffer.byteLength(event)
  if (size > limit) {
    const message = `${size} byte payload is too large for the RequestResponse invocation type (limit ${limit} bytes)`
    throw new AwsError('RequestTooLargeException', message, { Type: 'User' }, TOO_LARGE)
  }
  try {
    JSON.parse(event)
  } catch (error) {
    const message = `Could not parse request body into json: ${(error as Error).message}`
    throw new AwsError('InvalidRequestContentException', message, { Type: 'User' })
  }
}

function responseTooLarge(result: InvocationResult, requestId: string) {
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${MAX_SYNC_PAYLOAD_BYTES} bytes).`
  const payload = { errorType: 'Function.ResponseSizeTooLarge', errorMessage, requestId: requestId || randomUUID() }
  return {
    StatusCode: 200,
    ExecutedVersion: '$LATEST',
    FunctionError: result.error ?? 'Unhandled',
    Payload: Buffer.from(JSON.stringify(payload)),
  }
}

function reportLine(requestId: string, memoryMb: number, { durationMs, initMs }: InvocationResult): string {
  const init = initMs === undefined ? '' : `\tInit Duration: ${initMs.toFixed(2)} ms`
  const billed = Math.ceil(durationMs)
  return `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tBilled Duration: ${billed} ms\tMemory Size: ${memoryMb} MB${init}`
}
