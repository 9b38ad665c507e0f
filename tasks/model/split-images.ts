/** Divides the images by raw image, writes what was rejected into the quarantine, and copies the validation and held-out pictures. */
import { z } from 'zod'
import { required, task } from '../task.ts'
import {
  BATCH,
  cleanPath,
  type Division,
  type PreparedBatch,
  planSchema,
  type RejectedImage,
} from './dataset/dataset.ts'
import { copy, getJson, inParallel, putJson } from './dataset/objects.ts'
import { split } from './dataset/split.ts'

export const handler = task({
  name: 'SplitImages',
  input: z.object({ plan: planSchema }),
  environment: z.object({ PROCESSED_BUCKET: required }),
  async run({ input: { plan }, env, log }) {
    const bucket = env.PROCESSED_BUCKET
    const batches = await Promise.all(
      plan.batches.map((batch) => getJson<PreparedBatch>(bucket, `${plan.prefix}prepared/${batch}.json`)),
    )
    const rejected: RejectedImage[] = batches.flatMap((batch) => batch?.rejected ?? [])
    // First of all: whoever has too few images wants to know why.
    await quarantine(bucket, plan.dataset, rejected)
    const images = batches.flatMap((batch) => batch?.accepted ?? [])
    const divided = split(images, { seed: plan.seed, samples: plan.samples, folds: plan.folds })
    await quarantine(bucket, plan.dataset, divided.rejected)
    await inParallel(divided.images, 8, async (image) => {
      if (image.split !== 'train')
        await copy(
          bucket,
          `${plan.prefix}clean/${cleanPath(image)}`,
          `${plan.prefix}${image.split}/${cleanPath(image)}`,
        )
    })
    const division: Division = { images: divided.images, rejected: [...rejected, ...divided.rejected] }
    await putJson(bucket, `${plan.prefix}split.json`, division)
    const augmented = division.images.filter(({ samples }) => samples > 0).length
    log.info('Divided images', { images: division.images.length, rejected: division.rejected.length })
    return {
      images: division.images.length,
      rejected: division.rejected.length,
      batches: [...Array(Math.ceil(augmented / BATCH)).keys()],
    }
  },
})

async function quarantine(bucket: string, dataset: string, rejected: RejectedImage[]): Promise<void> {
  await inParallel(rejected, 8, (image) => {
    const name = image.key.split('/').slice(-2).join('/')
    return putJson(bucket, `quarantine/images/${dataset}/${name}.json`, image)
  })
}
