/** Task tokens: who waits for which, and what SendTaskSuccess, SendTaskFailure and SendTaskHeartbeat do with them. */
import type { Json } from './json.ts'

export interface Waiting {
  succeed(output: Json): void
  fail(error: string | undefined, cause: string | undefined): void
  heartbeat(): void
}

/** The token is not known, or its task is over. */
export class UnknownToken extends Error {
  constructor() {
    super('No task waits for this token.')
    this.name = 'UnknownToken'
  }
}

export class Callbacks {
  readonly #waiting = new Map<string, Waiting>()

  /** Tasks that wait now. */
  get size(): number {
    return this.#waiting.size
  }

  /** Registers a task; the returned function takes it back. */
  wait(token: string, waiting: Waiting): () => void {
    this.#waiting.set(token, waiting)
    return () => void this.#waiting.delete(token)
  }

  /** @throws UnknownToken */
  of(token: string): Waiting {
    const waiting = this.#waiting.get(token)
    if (!waiting) throw new UnknownToken()
    return waiting
  }
}
