/** A lock that its holder keeps until the transaction ends; those who wait get it in the order they came. */
import { WarehouseCancelledError } from './errors.ts'

interface Waiter {
  owner: object
  resolve(release: () => void): void
  reject(error: Error): void
}

export class WriteLock {
  #held = false
  readonly #waiting: Waiter[] = []

  /** @returns what gives the lock back @throws WarehouseCancelledError when {@link withdraw} is called first */
  take(owner: object): Promise<() => void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ owner, resolve, reject })
      this.#next()
    })
  }

  /** The owner does not want to wait any more. */
  withdraw(owner: object): void {
    const index = this.#waiting.findIndex((waiter) => waiter.owner === owner)
    if (index >= 0) this.#waiting.splice(index, 1)[0]?.reject(new WarehouseCancelledError())
  }

  #next(): void {
    if (this.#held) return
    const waiter = this.#waiting.shift()
    if (!waiter) return
    this.#held = true
    let released = false
    waiter.resolve(() => {
      if (released) return
      released = true
      this.#held = false
      this.#next()
    })
  }
}
