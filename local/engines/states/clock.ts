/** Time as executions see it: the machine's, or a simulated one that jumps to the next thing due. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `then` at or after a time; the returned function takes it back. */
  at(time: number, then: () => void): () => void
  /**
   * Real work is under way (a task's call, or the job whose callback is awaited): simulated time stands still until the
   * returned function is called.
   */
  busy(work: 'call' | 'callback'): () => void
}

/** Node's timers hold at most 2^31-1 ms: longer waits are cut into pieces. */
const longestTimer = 2_000_000_000

export const realClock: Clock = {
  now: () => Date.now(),
  at(time, then) {
    let timer: NodeJS.Timeout
    const arm = () => {
      const left = time - Date.now()
      timer = left > longestTimer ? setTimeout(arm, longestTimer) : setTimeout(then, Math.max(0, left))
    }
    arm()
    return () => clearTimeout(timer)
  },
  busy: () => () => {},
}

interface Due {
  time: number
  order: number
  then: () => void
}

/**
 * Simulated time: whenever nothing is under way, it moves to the next timer. Waits, timeouts and back-off of a workflow then
 * take no time, in the same order as they would.
 */
export class VirtualClock implements Clock {
  #now: number
  #order = 0
  #working = 0
  #due: Due[] = []
  #scheduled = false

  readonly #callbacksAreWork: boolean

  /** `callbacksAreWork`: time also stands still while a task waits for its token to come back. */
  constructor(start: number = Date.now(), options: { callbacksAreWork?: boolean } = {}) {
    this.#now = start
    this.#callbacksAreWork = options.callbacksAreWork ?? false
  }

  now(): number {
    return this.#now
  }

  at(time: number, then: () => void): () => void {
    const entry: Due = { time: Math.max(time, this.#now), order: this.#order++, then }
    this.#due.push(entry)
    this.#wake()
    return () => {
      const index = this.#due.indexOf(entry)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }

  busy(work: 'call' | 'callback'): () => void {
    if (work === 'callback' && !this.#callbacksAreWork) return () => {}
    this.#working++
    let done = false
    return () => {
      if (done) return
      done = true
      this.#working--
      this.#wake()
    }
  }

  /** Time moves only when the promises that are ready have run: two turns of the event loop without work. */
  #wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() =>
      setImmediate(() => {
        this.#scheduled = false
        if (this.#working > 0 || this.#due.length === 0) return
        let next = this.#due[0]!
        for (const entry of this.#due) {
          if (entry.time < next.time || (entry.time === next.time && entry.order < next.order)) next = entry
        }
        this.#due.splice(this.#due.indexOf(next), 1)
        this.#now = Math.max(this.#now, next.time)
        next.then()
        this.#wake()
      }),
    )
  }
}
