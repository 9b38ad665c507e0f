/**
 * Whether a file is a picture to learn from, and what it looks like when it is: upright, without letterbox bars, RGB, one size.
 * A picture that is none gets a reason instead; nothing of it stops the others.
 */
import { createHash } from 'node:crypto'
import { sharp } from './sharp.ts'

export type Rejection =
  | 'empty_file'
  | 'file_too_large'
  | 'not_an_image'
  | 'unsupported_format'
  | 'animated'
  | 'too_many_pixels'
  | 'too_small'
  | 'corrupt'

export interface Inspected {
  /** RGB, three bytes a pixel, {@link SIDE} squared. */
  pixels: Buffer
  /** Of the pixels: the same picture under two names has it twice. */
  sha256: string
  /** 256 bits in hexadecimal: pictures that look alike differ in few. */
  hash: string
  width: number
  height: number
  format: string
}

/** Larger than what the algorithm crops to, so that there is something to crop. */
export const SIDE = 384
export const MAX_BYTES = 50_000_000
export const MAX_PIXELS = 50_000_000
const LEAST_SIDE = 32
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif', 'avif'])
/** A bar is this dark all along, and at least this part of the picture. */
const [BAR_LEVEL, BAR_SHARE, PROBE] = [14, 0.04, 100]

export async function inspect(bytes: Uint8Array): Promise<Inspected | { reason: Rejection; detail: string }> {
  if (bytes.length === 0) return { reason: 'empty_file', detail: 'The file has no bytes.' }
  let metadata: Awaited<ReturnType<ReturnType<typeof sharp>['metadata']>>
  try {
    metadata = await sharp(bytes, { limitInputPixels: false }).metadata()
  } catch (error) {
    return { reason: 'not_an_image', detail: `The file is no picture, whatever its name: ${(error as Error).message}.` }
  }
  const { width = 0, height = 0, format = 'unknown', pages = 1 } = metadata
  if (!FORMATS.has(format)) return { reason: 'unsupported_format', detail: `The format is ${format}.` }
  if (pages > 1) return { reason: 'animated', detail: `The file holds ${pages} pictures.` }
  if (width * height > MAX_PIXELS)
    return { reason: 'too_many_pixels', detail: `${width} × ${height} is more than ${MAX_PIXELS} pixels.` }
  if (width < LEAST_SIDE || height < LEAST_SIDE)
    return { reason: 'too_small', detail: `${width} × ${height} is less than ${LEAST_SIDE} × ${LEAST_SIDE}.` }
  try {
    const upright = sharp(bytes, { failOn: 'warning', limitInputPixels: MAX_PIXELS })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true })
    const raw = { width: info.width, height: info.height, channels: info.channels as 3 }
    const area = await withoutBars(data, raw)
    const pixels = await sharp(data, { raw }).extract(area).resize(SIDE, SIDE, { fit: 'fill' }).raw().toBuffer()
    return {
      pixels,
      sha256: createHash('sha256').update(pixels).digest('hex'),
      hash: await differenceHash(pixels),
      width: info.width,
      height: info.height,
      format,
    }
  } catch (error) {
    return { reason: 'corrupt', detail: `The picture is damaged or ends early: ${(error as Error).message}.` }
  }
}

/** The picture between black bars above and below, or left and right. */
async function withoutBars(data: Buffer, raw: { width: number; height: number; channels: 3 }) {
  const grey = await sharp(data, { raw }).resize(PROBE, PROBE, { fit: 'fill' }).greyscale().raw().toBuffer()
  const channels = grey.length / PROBE ** 2
  const dark = (x: number, y: number) => (grey[(y * PROBE + x) * channels] ?? 255) <= BAR_LEVEL
  const all = [...Array(PROBE).keys()]
  const bar = (lines: number[], isDark: (line: number) => boolean) => {
    const first = lines.findIndex((line) => !isDark(line))
    return first < 0 ? 0 : first / PROBE
  }
  const row = (y: number) => all.every((x) => dark(x, y))
  const column = (x: number) => all.every((y) => dark(x, y))
  const back = [...all].reverse()
  const [top, bottom, left, right] = [bar(all, row), bar(back, row), bar(all, column), bar(back, column)]
  const vertical = top >= BAR_SHARE && bottom >= BAR_SHARE
  const horizontal = left >= BAR_SHARE && right >= BAR_SHARE
  const { width, height } = raw
  const area = {
    left: horizontal ? Math.ceil(width * left) : 0,
    top: vertical ? Math.ceil(height * top) : 0,
    right: horizontal ? Math.ceil(width * right) : 0,
    bottom: vertical ? Math.ceil(height * bottom) : 0,
  }
  return {
    left: area.left,
    top: area.top,
    width: Math.max(1, width - area.left - area.right),
    height: Math.max(1, height - area.top - area.bottom),
  }
}

/** Each bit tells whether a point of a 17 × 16 grid is darker than the one to its right. */
async function differenceHash(pixels: Buffer): Promise<string> {
  const grid = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .resize(17, 16, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer()
  const channels = grid.length / (17 * 16)
  const at = (x: number, y: number) => grid[(y * 17 + x) * channels] ?? 0
  let hash = ''
  for (let y = 0; y < 16; y++) {
    for (let x = 0; x < 16; x += 4) {
      let bits = 0
      for (let i = 0; i < 4; i++) bits = bits * 2 + (at(x + i, y) < at(x + i + 1, y) ? 1 : 0)
      hash += bits.toString(16)
    }
  }
  return hash
}
