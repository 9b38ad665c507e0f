/** Invocations: synchronous, asynchronous with Lambda's two retries, and dry runs. */
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InvocationType, LogType } from '@aws-sdk/client-lambda'
import type { Cloud } from '../../cloud.ts'
import type { InvocationResult } from '../../engines/lambda/function.ts'
import { LambdaRuntime } from '../../engines/lambda/runtime.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import { MetricReporter } from '../../metric-reporter.ts'
import type { FunctionRecord, Functions } from './functions.ts'
import { FunctionLogs } from './logs.ts'

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MAX_SYNC_PAYLOAD_BYTES = 6 * 1024 * 1024
const MAX_ASYNC_PAYLOAD_BYTES = 1024 * 1024
const MAX_LOG_TAIL_BYTES = 4096
const TOO_LARGE = 413
/** Lambda waits one and two minutes; nobody at a terminal does. */
const ASYNC_RETRY_MS = [1000, 2000]

export interface InvokeInput {
  FunctionName: string
  Payload?: Uint8Array | string
  InvocationType?: InvocationType
  LogType?: LogType
}

export class Invoker {
  readonly #cloud: Cloud
  readonly #functions: Functions
  readonly #runtime = new LambdaRuntime()
  readonly #logs: FunctionLogs
  readonly #metrics: MetricReporter
  readonly #streams = new Map<string, string>()
  readonly #background = new Set<Promise<void>>()
  #closing = false

  constructor(cloud: Cloud, functions: Functions) {
    this.#cloud = cloud
    this.#functions = functions
    this.#logs = new FunctionLogs(cloud)
    this.#metrics = new MetricReporter(cloud, 'lambda.amazonaws.com', 'AWS/Lambda', 'FunctionName')
  }

  async invoke(input: InvokeInput, requestId: string) {
    const record = this.#functions.find(input.FunctionName)
    const event = input.Payload?.length ? Buffer.from(input.Payload as Uint8Array).toString() : '{}'
    checkEvent(event, input.InvocationType === 'Event' ? MAX_ASYNC_PAYLOAD_BYTES : MAX_SYNC_PAYLOAD_BYTES)
    if (input.InvocationType === 'DryRun') return { StatusCode: 204 }
    if (input.InvocationType === 'Event') {
      const work = this.#runInBackground(record, event, requestId)
      this.#background.add(work)
      void work.finally(() => this.#background.delete(work))
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

  async close(): Promise<void> {
    this.#closing = true
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

  async #runInBackground(record: FunctionRecord, event: string, requestId: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      let problem: string
      try {
        const result = await this.#run(record, event, requestId, () => {})
        if (!result.error) return
        problem = result.payload
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error)
      }
      const wait = ASYNC_RETRY_MS[attempt]
      if (this.#closing || wait === undefined) {
        this.#cloud.log('error', `The asynchronous invocation of ${record.name} failed for good: ${problem}`, {
          requestId,
        })
        return
      }
      await sleep(wait)
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
