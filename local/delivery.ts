/** Deliveries in the background: tried again while that can help, given up in the end, and never long in the way of closing. */
import { AwsError } from './gateway/aws-error.ts'

const firstPauseMillis = 1000
const longestPauseMillis = 60_000

export interface RetryPolicy {
  /** Attempts after the first; 185 as EventBridge has it by default. */
  MaximumRetryAttempts?: number
  /** A day by default. */
  MaximumEventAgeInSeconds?: number
}

export interface Deliveries {
  /**
   * Starts `attempt`; `giveUp` gets the error of the last attempt.
   * @returns whether it is over, delivered or given up: false when it was closed before
   */
  run(
    attempt: (number: number) => Promise<unknown>,
    policy: RetryPolicy | undefined,
    giveUp: (error: Error) => void,
  ): Promise<boolean>
  /** Waits for the attempts under way, not for those that pause. @returns whether there were any */
  drain(): Promise<boolean>
  /** Ends the pauses and waits for the attempts under way. */
  close(): Promise<void>
}

export function createDeliveries(): Deliveries {
  const underWay = new Set<Promise<boolean>>()
  const attempts = new Set<Promise<unknown>>()
  const pauses = new Map<NodeJS.Timeout, () => void>()
  let closing = false

  const pause = (millis: number) =>
    new Promise<void>((resolve) => {
      const timeout = setTimeout(() => {
        pauses.delete(timeout)
        resolve()
      }, millis)
      pauses.set(timeout.unref(), resolve)
    })

  async function deliver(
    attempt: (number: number) => Promise<unknown>,
    policy: RetryPolicy = {},
    giveUp: (error: Error) => void,
  ): Promise<boolean> {
    const { MaximumRetryAttempts: most = 185, MaximumEventAgeInSeconds: age = 86_400 } = policy
    const end = Date.now() + age * 1000
    for (let number = 1; !closing; number++)
      try {
        await attended(attempt(number))
        return true
      } catch (error) {
        const millis = Math.min(firstPauseMillis * 2 ** (number - 1), longestPauseMillis)
        if (!canPass(error) || number > most || Date.now() + millis > end) {
          giveUp(error as Error)
          return true
        }
        await pause(millis)
      }
    return false
  }

  async function attended(attempt: Promise<unknown>): Promise<void> {
    attempts.add(attempt)
    try {
      await attempt
    } finally {
      attempts.delete(attempt)
    }
  }

  return {
    run(attempt, policy, giveUp) {
      const work = deliver(attempt, policy, giveUp).finally(() => underWay.delete(work))
      underWay.add(work)
      return work
    },
    async drain() {
      const now = [...attempts]
      await Promise.allSettled(now)
      // Whoever waits for the outcome notes it first.
      await new Promise((resolve) => setImmediate(resolve))
      return now.length > 0
    },
    async close() {
      closing = true
      for (const [timeout, resume] of pauses) {
        clearTimeout(timeout)
        resume()
      }
      await Promise.all(underWay)
    },
  }
}

/** Throttling and failures of a service can pass; missing permissions, missing resources and bad input do not. */
function canPass(error: unknown): boolean {
  if (!(error instanceof AwsError)) return false
  if (error.status !== undefined && error.status >= 500) return error.status !== 501
  return /Throttl|TooManyRequests|ServiceException|ServiceUnavailable|InternalError|LimitExceeded/.test(error.name)
}
