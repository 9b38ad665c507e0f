/** Makes the training samples of one batch of images: the picture itself, and as many others of it as it takes. */
import { z } from 'zod'
import { ConfigurationError } from '../errors.ts'
import { required, task } from '../task.ts'
import {
  BATCH,
  cleanPath,
  type Division,
  planSchema,
  SAMPLE_SIDE,
  type SplitImage,
  samplePath,
} from './dataset/dataset.ts'
import { get, getJson, inParallel, put } from './dataset/objects.ts'
import { augment, drawAugmentation } from './images/augment.ts'
import { SIDE } from './images/inspect.ts'
import { randomOf } from './images/random.ts'
import { sharp } from './images/sharp.ts'

const CLEAN = { width: SIDE, height: SIDE, channels: 3 } as const
const SAMPLE = { width: SAMPLE_SIDE, height: SAMPLE_SIDE, channels: 3 } as const

export const handler = task({
  name: 'AugmentImages',
  input: z.object({ plan: planSchema, batch: z.number().int().min(0) }),
  environment: z.object({ PROCESSED_BUCKET: required }),
  async run({ input: { plan, batch }, env, log, signal }) {
    const division = await getJson<Division>(env.PROCESSED_BUCKET, `${plan.prefix}split.json`)
    if (!division)
      throw new ConfigurationError(`The division s3://${env.PROCESSED_BUCKET}/${plan.prefix}split.json is gone.`)
    const images = division.images.filter(({ samples }) => samples > 0).slice(batch * BATCH, (batch + 1) * BATCH)
    let made = 0
    for (const image of images) {
      const jpeg = await get(env.PROCESSED_BUCKET, `${plan.prefix}clean/${cleanPath(image)}`)
      const pixels = await sharp(jpeg).removeAlpha().toColourspace('srgb').raw().toBuffer()
      await inParallel([...Array(image.samples).keys()], 8, async (sample) => {
        signal.throwIfAborted()
        const body = await sampleOf(pixels, image, sample, plan.seed)
        await put(env.PROCESSED_BUCKET, `${plan.prefix}train/${samplePath(image, sample)}`, body, 'image/jpeg')
        made++
      })
    }
    log.info('Made samples', { batch, images: images.length, samples: made })
    return { samples: made }
  },
})

/** The first sample is the picture as it is, the second its mirror image. */
export async function sampleOf(pixels: Buffer, image: SplitImage, sample: number, seed: number): Promise<Buffer> {
  if (sample < 2) {
    const clean = sharp(pixels, { raw: CLEAN }).resize(SAMPLE_SIDE, SAMPLE_SIDE)
    return (sample === 1 ? clean.flop() : clean).jpeg({ quality: 90 }).toBuffer()
  }
  const random = randomOf(seed, image.sha256, sample)
  const changed = augment(pixels, SIDE, SAMPLE_SIDE, drawAugmentation(random), random)
  return sharp(changed, { raw: SAMPLE })
    .jpeg({ quality: 75 + Math.floor(20 * random()) })
    .toBuffer()
}
