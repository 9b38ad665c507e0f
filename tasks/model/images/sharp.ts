/** sharp is native: it comes in a Lambda layer, not in the bundle, so it is required at run time. */
import { createRequire } from 'node:module'
import type { Sharp, SharpOptions } from 'sharp'

interface Make {
  (input: Buffer | Uint8Array, options?: SharpOptions): Sharp
  (options: SharpOptions): Sharp
}

interface Native extends Make {
  cache(on: boolean): unknown
  concurrency(threads: number): unknown
}

const native: Native = createRequire(import.meta.url)('sharp')
// No picture comes twice, and a function has one processor and a bit: more threads would only hold more memory.
native.cache(false)
native.concurrency(1)

export const sharp: Make = native
