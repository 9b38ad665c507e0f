/** How much two pictures look alike. */

/** In how many of the 256 bits two hashes differ. */
export function hashDistance(one: string, other: string): number {
  let distance = 0
  for (let i = 0; i < one.length; i++) {
    let bits = Number.parseInt(one[i] ?? '0', 16) ^ Number.parseInt(other[i] ?? '0', 16)
    for (; bits > 0; bits &= bits - 1) distance++
  }
  return distance
}
