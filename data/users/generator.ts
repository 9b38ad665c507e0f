/** An endless, seeded stream of users with a share of bad records, and the truth about them. */
import { breakUser, REASONS, type Reason } from './faults.ts'
import { Random } from './random.ts'
import { makeUser } from './user.ts'

export interface GeneratorOptions {
  seed: number
  /** The share of bad records, 0 to 1. */
  bad: number
  /** Good records are sent up to so much after their time, so they come out of order; below the script's five seconds. */
  disorderMs?: number
}

export interface Generated {
  record: string
  /** Spreads records over shards. */
  partitionKey: string
  /** Undefined for a good record. */
  reason: Reason | undefined
  countryCode: string
}

export interface Truth {
  sent: number
  good: number
  errors: Record<Reason, number>
}

/** So many good records come before a late one can: there has to be a watermark for it to be behind. */
const LEAD = 20
const DEFAULT_DISORDER_MS = 2000

export class UserGenerator {
  readonly truth: Truth = {
    sent: 0,
    good: 0,
    errors: Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>,
  }
  readonly #random: Random
  readonly #options: GeneratorOptions

  constructor(options: GeneratorOptions) {
    this.#random = new Random(options.seed)
    this.#options = options
  }

  /** The next record. @param sentAt milliseconds since the epoch; it must not go back between calls */
  next(sentAt: number): Generated {
    const random = this.#random
    const { bad, disorderMs = DEFAULT_DISORDER_MS } = this.#options
    let reason = random.chance(bad) ? random.pick(REASONS) : undefined
    if (reason === 'late' && this.truth.good < LEAD) reason = undefined
    const user = makeUser(random, sentAt - random.whole(0, disorderMs))
    const result = user.results[0]!
    const { nat: countryCode, login } = result
    const partitionKey = login.uuid
    const record = reason ? breakUser(user, reason, random) : JSON.stringify(user)
    this.truth.sent++
    if (reason) this.truth.errors[reason]++
    else this.truth.good++
    return { record, partitionKey, reason, countryCode }
  }
}
