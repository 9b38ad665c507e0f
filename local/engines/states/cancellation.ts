/** Stops work that nobody waits for any more: an execution, or the branches beside one that failed. */
import type { Clock } from './clock.ts'
import { Cancelled } from './errors.ts'

export class Cancellation {
  #cancelled = false
  readonly #hooks = new Set<() => void>()

  get cancelled(): boolean {
    return this.#cancelled
  }

  /** Calls `hook` on cancellation; the returned function takes it back. */
  onCancel(hook: () => void): () => void {
    if (this.#cancelled) {
      hook()
      return () => {}
    }
    this.#hooks.add(hook)
    return () => void this.#hooks.delete(hook)
  }

  cancel(): void {
    if (this.#cancelled) return
    this.#cancelled = true
    for (const hook of [...this.#hooks]) hook()
    this.#hooks.clear()
  }

  check(): void {
    if (this.#cancelled) throw new Cancelled()
  }

  /** A part that can be stopped alone, and is stopped with the whole; `release` it when it is over. */
  part(): Cancellation & { release(): void } {
    const part = new Cancellation() as Cancellation & { release(): void }
    part.release = this.onCancel(() => part.cancel())
    return part
  }

  /** Waits until a time. @throws Cancelled */
  sleep(clock: Clock, until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#cancelled) return reject(new Cancelled())
      const release = this.onCancel(() => {
        stop()
        reject(new Cancelled())
      })
      const stop = clock.at(until, () => {
        release()
        resolve()
      })
    })
  }

  /** The promise, or Cancelled as soon as that comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const release = this.onCancel(() => reject(new Cancelled()))
      promise.then(
        (value) => {
          release()
          resolve(value)
        },
        (error) => {
          release()
          reject(error)
        },
      )
    })
  }
}
