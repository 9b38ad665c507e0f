import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decode, PIXELS } from '../../../local/engines/image-classification/model/pixels.ts'

const SIDE = 224
/** Red above, blue below. */
const twoColours = (width = 120, height = 80) =>
  sharp({ create: { width, height, channels: 3, background: '#0000ff' } }).composite([
    { input: { create: { width, height: height / 2, channels: 3, background: '#ff0000' } }, left: 0, top: 0 },
  ])
const redAt = (pixels: Float32Array, x: number, y: number) => pixels[y * SIDE + x]!

describe('a picture that is asked about', () => {
  it('is taken upright, as its EXIF says', async () => {
    // 6: the top of the picture is the right side of the stored one.
    const pixels = await decode(await twoColours().withMetadata({ orientation: 6 }).jpeg().toBuffer())
    expect(pixels).toHaveLength(PIXELS)
    expect(redAt(pixels, SIDE - 20, 100)).toBeGreaterThan(0.8)
    expect(redAt(pixels, 20, 100)).toBeLessThan(0.2)
  })

  it('may be CMYK, grey or transparent', async () => {
    const cmyk = await decode(await twoColours().toColourspace('cmyk').jpeg().toBuffer())
    expect(redAt(cmyk, 100, 20)).toBeGreaterThan(redAt(cmyk, 100, SIDE - 20) + 0.4)
    const grey = await decode(await twoColours().greyscale().jpeg().toBuffer())
    expect(grey).toHaveLength(PIXELS)
    const clear = { width: 64, height: 64, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const
    expect(redAt(await decode(await sharp({ create: clear }).png().toBuffer()), 9, 9)).toBe(1)
  })

  it.each([
    ['a text', async () => Buffer.from('words')],
    ['nothing', async () => Buffer.alloc(0)],
    ['a JPEG that ends early', async () => (await twoColours(900, 900).jpeg().toBuffer()).subarray(0, 2500)],
    [
      'a PNG that says it has 100 megapixels',
      async () => {
        const png = await twoColours(2, 2).png().toBuffer()
        png.writeUInt32BE(10_000, 16)
        png.writeUInt32BE(10_000, 20)
        return png
      },
    ],
  ])('is refused when it is %s', async (_, make) => {
    await expect(decode(await make())).rejects.toMatchObject({
      name: 'InferenceError',
      status: 400,
      message: expect.stringMatching(/^Unable to decode the image: \w/),
    })
  })
})
