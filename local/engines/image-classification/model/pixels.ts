/** Pictures as the network takes them: 224 × 224, RGB from 0 to 1, plane by plane. */
import type { Sharp } from 'sharp'
import { SIDE } from '../backbone/convert.ts'
import { InferenceError } from '../errors.ts'

export const PIXELS = 3 * SIDE * SIDE

/** Nobody photographs more than this; a decoded pixel takes three bytes and more. */
const MAX_PIXELS = 50_000_000

/** @throws InferenceError 400 when the bytes are no picture */
export async function decode(bytes: Uint8Array | string): Promise<Float32Array> {
  const { default: sharp } = await import('sharp')
  let rgb: Buffer
  try {
    rgb = await prepared(sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS })).toBuffer()
  } catch (error) {
    throw new InferenceError(400, `Unable to decode the image: ${(error as Error).message}`)
  }
  return planes(rgb)
}

/** Stretched, not cropped: the algorithm does not keep the aspect ratio either. */
function prepared(image: Sharp): Sharp {
  return image
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .resize(SIDE, SIDE, { fit: 'fill' })
    .raw()
}

function planes(rgb: Buffer): Float32Array {
  const result = new Float32Array(PIXELS)
  const area = SIDE * SIDE
  for (let i = 0; i < area; i++) {
    result[i] = rgb[3 * i]! / 255
    result[area + i] = rgb[3 * i + 1]! / 255
    result[2 * area + i] = rgb[3 * i + 2]! / 255
  }
  return result
}
