/** Other views of a picture that is about to be classified: its mirror image, and its centre. */
import { SIDE } from '../backbone/convert.ts'
import { PIXELS } from './pixels.ts'

/** The middle 300 of 384 pixels. */
const CENTRE = 300 / 384

/** The picture, its mirror image, and its centre, one after the other; planes as `decode` gives them. */
export function withViews(picture: Float32Array): Float32Array {
  const all = new Float32Array(3 * PIXELS)
  all.set(picture)
  const margin = (SIDE * (1 - CENTRE)) / 2
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const at = (plane * SIDE + y) * SIDE
        all[PIXELS + at + x] = picture[at + SIDE - 1 - x]!
        all[2 * PIXELS + at + x] = sample(picture, plane, margin + x * CENTRE, margin + y * CENTRE)
      }
    }
  }
  return all
}

/** Bilinear. */
function sample(picture: Float32Array, plane: number, x: number, y: number): number {
  const [left, top] = [Math.min(Math.floor(x), SIDE - 2), Math.min(Math.floor(y), SIDE - 2)]
  const [fx, fy] = [x - left, y - top]
  const at = (plane * SIDE + top) * SIDE + left
  const upper = picture[at]! * (1 - fx) + picture[at + 1]! * fx
  const lower = picture[at + SIDE]! * (1 - fx) + picture[at + SIDE + 1]! * fx
  return upper * (1 - fy) + lower * fy
}
