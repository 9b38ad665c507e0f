/** Writes the .lst files, checks that every sample they name is there, and closes the data set with dataset.json. */
import { z } from 'zod'
import { ConfigurationError, TaskError } from '../errors.ts'
import { required, task } from '../task.ts'
import { cleanPath, type Dataset, type Division, planSchema, samplePath } from './dataset/dataset.ts'
import { lists } from './dataset/lists.ts'
import { getJson, list, put, putJson } from './dataset/objects.ts'

export const handler = task({
  name: 'WriteLists',
  input: z.object({ plan: planSchema }),
  environment: z.object({ PROCESSED_BUCKET: required }),
  async run({ input: { plan }, env, log }): Promise<Dataset> {
    const bucket = env.PROCESSED_BUCKET
    const division = await getJson<Division>(bucket, `${plan.prefix}split.json`)
    if (!division) throw new ConfigurationError(`The division s3://${bucket}/${plan.prefix}split.json is gone.`)
    const of = (part: string) => division.images.filter((image) => image.split === part)
    const training = of('train')
    const written = lists(training, of('validation'), plan.classes)
    await checkComplete(
      bucket,
      `${plan.prefix}train/`,
      training.flatMap((image) => [...Array(image.samples).keys()].map((sample) => samplePath(image, sample))),
    )
    await checkComplete(bucket, `${plan.prefix}validation/`, of('validation').map(cleanPath))
    await put(bucket, `${plan.prefix}train_lst/train.lst`, written.train, 'text/plain')
    await put(bucket, `${plan.prefix}validation_lst/validation.lst`, written.validation, 'text/plain')
    const heldOut = of('held-out').length
    const dataset: Dataset = {
      classes: plan.classes,
      images: { raw: plan.raw, accepted: division.images.length, rejected: division.rejected.length },
      perClass: Object.fromEntries(
        plan.classes.map((name) => [name, division.images.filter((image) => image.class === name).length]),
      ),
      samples: {
        train: written.counts.train,
        validation: written.counts.validation,
        heldOut,
        total: written.counts.train + written.counts.validation + heldOut,
      },
    }
    await putJson(bucket, `${plan.prefix}dataset.json`, dataset)
    log.info('Wrote lists', { ...dataset.samples })
    return dataset
  },
})

async function checkComplete(bucket: string, prefix: string, paths: string[]): Promise<void> {
  const there = new Set((await list(bucket, prefix)).map(({ key }) => key.slice(prefix.length)))
  const missing = paths.filter((path) => !there.has(path))
  if (missing.length > 0) {
    throw new TaskError(
      'SamplesMissing',
      `${missing.length} of ${paths.length} samples are not in s3://${bucket}/${prefix}, for example ${missing[0]}.`,
    )
  }
}
