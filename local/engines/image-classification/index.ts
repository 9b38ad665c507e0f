/**
 * Image classification on one machine: trains and serves in processes of their own, so that whoever starts them goes on answering.
 * Knows nothing of AWS's protocols; `services/sagemaker` stands before it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { AlgorithmError, InferenceError } from './errors.ts'
import type { Answer, ServingEvent, ServingRequest, TrainingEvent, TrainingRequest } from './protocol.ts'

export { AlgorithmError, ClientError, InferenceError } from './errors.ts'
export { type Hyperparameters, readHyperparameters } from './hyperparameters.ts'
export type { Metric, TrainingEvent, TrainingRequest } from './protocol.ts'

/** How long a stopped job may take to save what it has learned. SageMaker gives 120 s. */
const STOP_MS = 20_000

export interface Training {
  /** Resolves with the last event: trained, stopped or failed. */
  readonly ended: Promise<TrainingEvent>
  /** Ends the training; what was learned is kept. */
  stop(): void
  /** Ends the process at once. */
  kill(): void
}

/** @param tell every event but the last, in order */
export function startTraining(request: TrainingRequest, tell: (event: TrainingEvent) => void): Training {
  const child = start('train-process.ts')
  let last: TrainingEvent | undefined
  const ended = new Promise<TrainingEvent>((resolve) => {
    child.on('message', (message) => {
      const event = message as TrainingEvent
      if (event.is === 'trained' || event.is === 'stopped' || event.is === 'failed') last = event
      else tell(event)
    })
    child.on('exit', (code, signal) => {
      resolve(
        last ?? {
          is: 'failed',
          reason: `AlgorithmError: The training process ended with ${signal ?? `exit code ${code}`}.`,
        },
      )
    })
  })
  child.send(request)
  return {
    ended,
    stop() {
      if (child.connected) child.send('stop')
      setTimeout(() => child.kill('SIGKILL'), STOP_MS).unref()
    },
    kill: () => void child.kill('SIGKILL'),
  }
}

/** A loaded model. */
export class Server {
  readonly #child: ChildProcess
  readonly #open = new Map<number, { resolve(probabilities: number[]): void; reject(error: Error): void }>()
  #serial = 0
  #ended = false

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @throws AlgorithmError when the model cannot be loaded */
  static async start(request: ServingRequest): Promise<Server> {
    const child = start('serve-process.ts')
    const server = new Server(child)
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message) => {
        const event = message as ServingEvent
        if (event.is === 'ready') resolve()
        else if (event.is === 'failed') reject(new AlgorithmError(event.reason.replace(/^AlgorithmError: /, '')))
        else server.#settle(event)
      })
      child.on('exit', () => {
        server.#ended = true
        reject(new AlgorithmError('The model container did not start.'))
        for (const { reject: fail } of server.#open.values()) fail(new AlgorithmError('The model container has ended.'))
        server.#open.clear()
      })
      child.send(request)
    })
    return server
  }

  get alive(): boolean {
    return !this.#ended
  }

  /** @throws InferenceError for a body that is no picture; AlgorithmError when the process has ended */
  predict(body: Uint8Array): Promise<number[]> {
    if (this.#ended) return Promise.reject(new AlgorithmError('The model container has ended.'))
    const id = ++this.#serial
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      this.#child.send({ id, body })
    })
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #settle(answer: Answer): void {
    const open = this.#open.get(answer.id)
    this.#open.delete(answer.id)
    if (answer.is === 'answer') open?.resolve(answer.probabilities)
    else open?.reject(new InferenceError(answer.status, answer.message))
  }
}

/** With an environment of its own: no credentials of the host are of use to it. */
function start(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Two heaps for all threads: glibc's eight a processor keep what was freed in them.
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'en_US.UTF-8', MALLOC_ARENA_MAX: '2' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}
