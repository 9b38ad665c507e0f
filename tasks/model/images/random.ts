/** Numbers that look random and are the same for the same seed. */
import { createHash } from 'node:crypto'

export type Random = () => number

/** mulberry32, seeded by any words. Gives numbers from 0 to below 1. */
export function randomOf(...seed: (string | number)[]): Random {
  let state = createHash('sha256').update(seed.join('\n')).digest().readInt32LE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A new array in another order. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j] as T, result[i] as T]
  }
  return result
}
