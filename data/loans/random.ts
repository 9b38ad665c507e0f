/**
 * Seeded random numbers: sfc32 (Chris Doty-Humphrey's PractRand), four 32-bit words in one array, so that a draw makes no garbage.
 * Every loan seeds its own streams, so any loan can be drawn again without those before it.
 */
export class Random {
  readonly #state = new Int32Array(4)

  /** Starts the stream that belongs to these numbers (whole, taken modulo 2^32). */
  seed(seed: number, quarter: number, index: number, stream: number): this {
    const state = this.#state
    state[0] = mix(seed ^ 0x9e3779b9)
    state[1] = mix(state[0]! ^ quarter)
    state[2] = mix(state[1]! ^ index)
    state[3] = mix(state[2]! ^ stream) | 1
    for (let i = 0; i < 8; i++) this.next()
    return this
  }

  /** Uniform in [0, 1). */
  next(): number {
    const state = this.#state
    const b = state[1]!
    const c = state[2]!
    const sum = (state[0]! + b + state[3]!) | 0
    state[3] = (state[3]! + 1) | 0
    state[0] = b ^ (b >>> 9)
    state[1] = (c + (c << 3)) | 0
    state[2] = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 0x100000000
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.next() < p
  }

  /** A whole number in [low, high]. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** Normal with mean 0 and deviation 1 (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next())
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)]!
  }

  /** An index, by rising cumulative weights of which the last is the total. */
  weighted(cumulative: Float64Array | readonly number[]): number {
    const at = this.next() * cumulative[cumulative.length - 1]!
    let low = 0
    let high = cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (at < cumulative[middle]!) high = middle
      else low = middle + 1
    }
    return low
  }
}

export function cumulate(weights: Iterable<number>): Float64Array {
  let total = 0
  return Float64Array.from(weights, (weight) => {
    total += weight
    return total
  })
}

/** The finalizer of MurmurHash3: every bit of the input changes half of the output. */
function mix(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) | 0
}
