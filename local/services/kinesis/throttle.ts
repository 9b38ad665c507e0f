/** What a shard takes: 1 MB and 1,000 records a second, as a bucket that refills (https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html). */

const RECORDS_PER_SECOND = 1000
const BYTES_PER_SECOND = 1024 * 1024

interface Bucket {
  records: number
  bytes: number
  at: number
}

export class Throttle {
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** Whether the shard takes a record of this size now; what it takes counts. */
  admits(shard: string, bytes: number): boolean {
    const now = this.#now()
    const bucket = this.#buckets.get(shard) ?? { records: RECORDS_PER_SECOND, bytes: BYTES_PER_SECOND, at: now }
    const seconds = Math.max(0, now - bucket.at) / 1000
    bucket.records = Math.min(RECORDS_PER_SECOND, bucket.records + seconds * RECORDS_PER_SECOND)
    bucket.bytes = Math.min(BYTES_PER_SECOND, bucket.bytes + seconds * BYTES_PER_SECOND)
    bucket.at = now
    this.#buckets.set(shard, bucket)
    if (bucket.records < 1 || bucket.bytes < bytes) return false
    bucket.records--
    bucket.bytes -= bytes
    return true
  }
}
