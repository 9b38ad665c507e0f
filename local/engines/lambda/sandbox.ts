/** One execution environment of a function: a worker thread that answers one invocation at a time. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import type { FunctionSpec, Invocation, InvocationResult, LambdaError } from './function.ts'

const YOUNG_GENERATION_MB = 32
const MS = 1000

/** The sandbox ended before it took the invocation up: another one may take it. */
export class SandboxGoneError extends Error {
  override readonly name = 'SandboxGoneError'
}

interface Pending {
  requestId: string
  accepted: boolean
  resolve(result: { payload: string; error?: 'Unhandled' }): void
  reject(error: SandboxGoneError): void
}

export class Sandbox {
  busy = true
  dead = false
  lastUsed = Date.now()
  readonly initMs: Promise<number>
  onDeath: (() => void) | undefined
  readonly #spec: FunctionSpec
  readonly #worker: Worker
  #pending: Pending | undefined
  #used = false

  constructor(spec: FunctionSpec) {
    this.#spec = spec
    const [file, handlerName] = splitHandler(spec.handler)
    const entry = ['mjs', 'js', 'cjs'].map((ending) => join(spec.folder, `${file}.${ending}`)).find(existsSync)
    mkdirSync(spec.temp, { recursive: true })
    const started = performance.now()
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { entry: entry ?? join(spec.folder, `${file}.mjs`), handlerName },
      // Lambda's environment is the function's own: nothing of the host's leaks in.
      env: {
        ...spec.environment,
        TMPDIR: spec.temp,
        // A new thread's only way to be told before its first module is loaded; the worker takes it out again.
        ...(spec.compileCache && { NODE_COMPILE_CACHE: spec.compileCache }),
      },
      stdout: true,
      stderr: true,
      argv: [],
      execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: spec.memoryMb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      name: spec.name,
    })
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) this.#readLines(stream)
    this.initMs = new Promise((resolve, reject) => {
      this.#worker.on('message', (message) => {
        if (message.ready) resolve(performance.now() - started)
        else if (message.init) {
          this.#die()
          reject(message.init as LambdaError)
        } else this.#receive(message)
      })
      this.#worker.on('error', (error: NodeJS.ErrnoException) => {
        const killed = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        this.#fail(
          'Runtime.ExitError',
          killed ? 'Runtime exited with error: signal: killed' : `Runtime exited: ${error.message}`,
        )
        reject({ errorType: 'Runtime.ExitError', errorMessage: error.message } satisfies LambdaError)
      })
      this.#worker.on('exit', (code) => {
        this.#fail('Runtime.ExitError', `Runtime exited with error: exit status ${code}`)
        reject({ errorType: 'Runtime.ExitError', errorMessage: `exit status ${code}` } satisfies LambdaError)
      })
    })
    this.initMs.catch(() => {})
  }

  /** @throws SandboxGoneError when the thread ended before it took the invocation up */
  async invoke(invocation: Invocation): Promise<InvocationResult> {
    const first = !this.#used
    this.#used = true
    let initMs: number
    try {
      initMs = await this.initMs
    } catch (error) {
      this.#die()
      return { payload: JSON.stringify(error), error: 'Unhandled', durationMs: 0 }
    }
    const { requestId } = invocation
    const started = performance.now()
    const timeoutMs = this.#spec.timeoutSeconds * MS
    const timer = setTimeout(() => {
      this.#fail('Sandbox.Timedout', `Task timed out after ${this.#spec.timeoutSeconds.toFixed(2)} seconds`)
      void this.#worker.terminate()
    }, timeoutMs)
    try {
      const result = await new Promise<{ payload: string; error?: 'Unhandled' }>((resolve, reject) => {
        if (this.dead) return reject(new SandboxGoneError('The sandbox has ended.'))
        this.#pending = { requestId, accepted: false, resolve, reject }
        this.#worker.postMessage({
          requestId,
          event: invocation.event,
          deadline: Date.now() + timeoutMs,
          context: this.#context(invocation),
        })
      })
      return { ...result, durationMs: performance.now() - started, ...(first && { initMs }) }
    } finally {
      clearTimeout(timer)
      this.lastUsed = Date.now()
      this.busy = false
    }
  }

  async close(): Promise<void> {
    this.#die()
    await this.#worker.terminate()
  }

  #context({ requestId }: Invocation): Record<string, unknown> {
    const { name, arn, memoryMb, environment } = this.#spec
    return {
      awsRequestId: requestId,
      functionName: name,
      functionVersion: '$LATEST',
      invokedFunctionArn: arn,
      memoryLimitInMB: String(memoryMb),
      logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
      callbackWaitsForEmptyEventLoop: true,
    }
  }

  #receive(message: any): void {
    if (message.dying) {
      this.#fail(message.dying.errorType, message.dying.errorMessage, message.dying.trace)
      return
    }
    const pending = this.#pending
    if (!pending) return
    if (message.accepted === pending.requestId) pending.accepted = true
    else if (message.requestId === pending.requestId) {
      this.#pending = undefined
      pending.resolve(
        message.error ? { payload: JSON.stringify(message.error), error: 'Unhandled' } : { payload: message.result },
      )
    }
  }

  /** The thread is lost: what it was working on fails, what it had not begun goes elsewhere. */
  #fail(errorType: string, reason: string, trace?: string[]): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#die()
    if (!pending) return
    if (!pending.accepted && errorType !== 'Sandbox.Timedout') {
      pending.reject(new SandboxGoneError(reason))
      return
    }
    const errorMessage = trace ? reason : `RequestId: ${pending.requestId} Error: ${reason}`
    pending.resolve({
      payload: JSON.stringify({ errorType, errorMessage, ...(trace && { trace }) }),
      error: 'Unhandled',
    })
  }

  #die(): void {
    if (this.dead) return
    this.dead = true
    this.onDeath?.()
  }

  #readLines(stream: NodeJS.ReadableStream): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#spec.log(line, this.#pending?.requestId)
    })
    stream.on('end', () => {
      if (rest) this.#spec.log(rest, this.#pending?.requestId)
    })
  }
}

function splitHandler(handler: string): [file: string, name: string] {
  const at = handler.lastIndexOf('.')
  return [handler.slice(0, at), handler.slice(at + 1)]
}
