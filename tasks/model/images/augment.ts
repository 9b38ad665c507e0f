/**
 * One more sample of a picture: mirrored, tilted, cropped, in other light and colour, with noise. All of it is one pass over the pixels,
 * so that two thousand samples take seconds, and the same seed gives the same sample on every machine.
 */
import type { Random } from './random.ts'

/** What happened to a sample. */
export interface Augmentation {
  flip: boolean
  /** Radians. */
  angle: number
  /** The part of the picture's side that is seen. */
  zoom: number
  /** Where the part lies: 0.5 is the middle. */
  x: number
  y: number
  brightness: number
  contrast: number
  saturation: number
  /** Gains of red, green and blue. */
  tint: [number, number, number]
  /** Standard deviation in levels of 255; 0 for none. */
  noise: number
}

export function drawAugmentation(random: Random): Augmentation {
  const within = (from: number, to: number) => from + (to - from) * random()
  return {
    flip: random() < 0.5,
    angle: (within(-20, 20) * Math.PI) / 180,
    zoom: within(0.66, 1),
    x: random(),
    y: random(),
    brightness: within(0.72, 1.28),
    contrast: within(0.75, 1.25),
    saturation: within(0.55, 1.45),
    tint: [within(0.92, 1.08), within(0.94, 1.06), within(0.92, 1.08)],
    noise: random() < 0.5 ? within(2, 12) : 0,
  }
}

/**
 * @param pixels RGB, three bytes a pixel, `side` squared
 * @param size of the result's sides
 */
export function augment(pixels: Uint8Array, side: number, size: number, how: Augmentation, random: Random): Uint8Array {
  const result = new Uint8Array(size * size * 3)
  const { flip, saturation, contrast, brightness } = how
  const [redGain, greenGain, blueGain] = how.tint
  const [cos, sin] = [Math.cos(how.angle), Math.sin(how.angle)]
  const seen = side * how.zoom
  const [left, top] = [(side - seen) * how.x, (side - seen) * how.y]
  const step = seen / size
  const middle = side / 2
  const last = side - 1
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const u = left + (flip ? size - 1 - x : x) * step - middle
      const v = top + y * step - middle
      // Beyond the edge the picture is mirrored: no corner tells that it was tilted.
      let sx = cos * u + sin * v + middle
      let sy = cos * v - sin * u + middle
      if (sx < 0 || sx > last) sx = reflect(sx, last)
      if (sy < 0 || sy > last) sy = reflect(sy, last)
      const x0 = Math.min(Math.floor(sx), last - 1)
      const y0 = Math.min(Math.floor(sy), last - 1)
      const fx = sx - x0
      const fy = sy - y0
      const at = (y0 * side + x0) * 3
      const below = at + side * 3
      const a = (1 - fx) * (1 - fy)
      const b = fx * (1 - fy)
      const c = (1 - fx) * fy
      const d = fx * fy
      const red = pixels[at]! * a + pixels[at + 3]! * b + pixels[below]! * c + pixels[below + 3]! * d
      const green = pixels[at + 1]! * a + pixels[at + 4]! * b + pixels[below + 1]! * c + pixels[below + 4]! * d
      const blue = pixels[at + 2]! * a + pixels[at + 5]! * b + pixels[below + 2]! * c + pixels[below + 5]! * d
      const luma = 0.299 * red + 0.587 * green + 0.114 * blue
      const to = (y * size + x) * 3
      result[to] = clamp(
        ((luma + (red - luma) * saturation - 128) * contrast + 128) * brightness * redGain + noise(how.noise, random),
      )
      result[to + 1] = clamp(
        ((luma + (green - luma) * saturation - 128) * contrast + 128) * brightness * greenGain +
          noise(how.noise, random),
      )
      result[to + 2] = clamp(
        ((luma + (blue - luma) * saturation - 128) * contrast + 128) * brightness * blueGain + noise(how.noise, random),
      )
    }
  }
  return result
}

function reflect(value: number, last: number): number {
  const period = 2 * last
  const within = ((value % period) + period) % period
  return within > last ? period - within : within
}

/** Nearly normal: two uniform numbers. */
const noise = (deviation: number, random: Random) =>
  deviation === 0 ? 0 : (random() + random() - 1) * 2.449 * deviation

const clamp = (value: number) => Math.min(255, Math.max(0, value))
