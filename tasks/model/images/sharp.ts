/** sharp is native: it comes in a Lambda layer, not in the bundle, so it is required at run time. */
import { createRequire } from 'node:module'
import type { Sharp, SharpOptions } from 'sharp'

interface Make {
  (input: Buffer | Uint8Array, options?: SharpOptions): Sharp
  (options: SharpOptions): Sharp
}

export const sharp: Make = createRequire(import.meta.url)('sharp')
