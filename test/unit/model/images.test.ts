import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { augment, drawAugmentation } from '../../../tasks/model/images/augment.ts'
import { hashDistance } from '../../../tasks/model/images/distance.ts'
import { inspect, SIDE } from '../../../tasks/model/images/inspect.ts'
import { randomOf } from '../../../tasks/model/images/random.ts'

/** Red above, blue below. */
const twoColours = (width = 120, height = 80) =>
  sharp({ create: { width, height, channels: 3, background: '#0000ff' } }).composite([
    { input: { create: { width, height: height / 2, channels: 3, background: '#ff0000' } }, left: 0, top: 0 },
  ])

const colourAt = (pixels: Uint8Array, x: number, y: number) => [
  ...pixels.subarray((y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3),
]
const isRed = ([red = 0, , blue = 0]: number[]) => red > 200 && blue < 60

/** A PNG that says it has 100 megapixels. */
function hugePng(): Buffer {
  const small = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC',
    'base64',
  )
  small.writeUInt32BE(10_000, 16)
  small.writeUInt32BE(10_000, 20)
  return small
}

describe('inspecting a file', () => {
  it('gives pictures of one size', async () => {
    const seen = await inspect(await twoColours().jpeg().toBuffer())
    expect(seen).toMatchObject({ width: 120, height: 80, format: 'jpeg' })
    if ('reason' in seen) return
    expect(seen.pixels).toHaveLength(SIDE * SIDE * 3)
    expect(isRed(colourAt(seen.pixels, 50, 20))).toBe(true)
    expect(isRed(colourAt(seen.pixels, 50, SIDE - 20))).toBe(false)
  })

  it('turns a picture upright as its EXIF says', async () => {
    // 6: the top of the picture is the right side of the stored one.
    const seen = await inspect(await twoColours().withMetadata({ orientation: 6 }).jpeg().toBuffer())
    expect(seen).toMatchObject({ width: 80, height: 120 })
    if ('reason' in seen) return
    expect(isRed(colourAt(seen.pixels, SIDE - 20, 100))).toBe(true)
    expect(isRed(colourAt(seen.pixels, 20, 100))).toBe(false)
  })

  it('takes CMYK, transparency and grey as RGB on white', async () => {
    const cmyk = await inspect(await twoColours().toColourspace('cmyk').jpeg().toBuffer())
    expect('reason' in cmyk ? cmyk.reason : cmyk.pixels.length).toBe(SIDE * SIDE * 3)
    const clear = await inspect(
      await sharp({ create: { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
        .png()
        .toBuffer(),
    )
    expect('reason' in clear ? clear.reason : colourAt(clear.pixels, 9, 9)).toEqual([255, 255, 255])
    const grey = await inspect(await twoColours().greyscale().jpeg().toBuffer())
    expect('reason' in grey ? grey.reason : grey.pixels.length).toBe(SIDE * SIDE * 3)
  })

  it('cuts letterbox bars off', async () => {
    const barred = await twoColours(100, 80)
      .png()
      .toBuffer()
      .then((input) => sharp(input).extend({ top: 20, bottom: 20, background: '#000000' }).png().toBuffer())
    const seen = await inspect(barred)
    if ('reason' in seen) throw new Error(seen.reason)
    expect(isRed(colourAt(seen.pixels, 100, 8))).toBe(true)
  })

  it.each([
    ['a text called .jpg', async () => Buffer.from('this is no picture'), 'not_an_image'],
    ['a file without bytes', async () => Buffer.alloc(0), 'empty_file'],
    [
      'a JPEG that ends early',
      async () =>
        (
          await twoColours(900, 900)
            .png()
            .toBuffer()
            .then((input) => sharp(input).jpeg({ quality: 100 }).toBuffer())
        ).subarray(0, 2500),
      'corrupt',
    ],
    ['100 megapixels', async () => hugePng(), 'too_many_pixels'],
    ['a speck', async () => twoColours(20, 20).png().toBuffer(), 'too_small'],
    [
      'an animated GIF',
      async () => {
        const frame = await twoColours(40, 40).raw().toBuffer()
        return sharp(Buffer.concat([frame, Buffer.from(frame).reverse()]), {
          raw: { width: 40, height: 80, channels: 3, pageHeight: 40 },
        })
          .gif()
          .toBuffer()
      },
      'animated',
    ],
    [
      'an SVG',
      async () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
      'unsupported_format',
    ],
  ])('rejects %s with its reason', async (_, make, reason) => {
    expect(await inspect(await make())).toMatchObject({ reason, detail: expect.stringMatching(/\w/) })
  })

  it('finds pictures alike that were only stored anew', async () => {
    const scene = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><rect width="200" height="200" fill="#8ab"/><circle cx="60" cy="80" r="45" fill="#222"/><rect x="120" y="30" width="50" height="150" fill="#e83"/><path d="M0 200 L90 120 L140 200 Z" fill="#fff"/></svg>',
    )
    const noise = await sharp(scene).blur(2).png().toBuffer()
    const [one, other, third] = await Promise.all([
      inspect(noise),
      sharp(noise).resize(150).jpeg({ quality: 70 }).toBuffer().then(inspect),
      sharp(noise).flop().png().toBuffer().then(inspect),
    ])
    if ('reason' in one || 'reason' in other || 'reason' in third) throw new Error('rejected')
    expect(one.sha256).not.toBe(other.sha256)
    expect(hashDistance(one.hash, other.hash)).toBeLessThan(20)
    expect(hashDistance(one.hash, third.hash)).toBeGreaterThan(60)
  })
})

describe('augmenting', () => {
  const side = 64
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * 7) % 251)
  const still = {
    flip: false,
    angle: 0,
    zoom: 1,
    x: 0.5,
    y: 0.5,
    brightness: 1,
    contrast: 1,
    saturation: 1,
    tint: [1, 1, 1] as [number, number, number],
    noise: 0,
  }

  it('changes nothing when nothing is asked', () => {
    const same = augment(pixels, side, side, still, randomOf('x'))
    expect(Math.max(...same.map((value, i) => Math.abs(value - pixels[i]!)))).toBeLessThanOrEqual(1)
  })

  it('mirrors', () => {
    const mirrored = augment(pixels, side, side, { ...still, flip: true }, randomOf('x'))
    expect([...mirrored.subarray(0, 3)].map(Math.round)).toEqual([...pixels.subarray((side - 1) * 3, side * 3)])
  })

  it('gives the same sample for the same seed, and another one for another', () => {
    const sample = (seed: number) => {
      const random = randomOf(seed)
      return augment(pixels, side, 32, drawAugmentation(random), random)
    }
    expect(sample(1)).toEqual(sample(1))
    expect(sample(1)).not.toEqual(sample(2))
    expect(sample(1)).toHaveLength(32 * 32 * 3)
  })
})
