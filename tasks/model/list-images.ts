/** Finds the raw images: folders below the prefix are classes. The data set is named after what it is made from. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { required, task } from '../task.ts'
import { BATCH, datasetSchema, type Manifest, type Plan, type RawImage } from './dataset/dataset.ts'
import { getJson, list, putJson } from './dataset/objects.ts'

/** Another way of preparing images makes other data sets. */
const VERSION = 1

const inputSchema = z.object({
  /** Below which prefix of the raw bucket the classes lie. */
  images: z
    .string()
    .regex(/^[\w!.*'()/-]+\/$/, 'a prefix of the raw bucket that ends with a slash')
    .default('images/'),
  /** Samples in all parts together. */
  samples: z.number().int().min(20).max(100_000).default(2500),
  /** Cross-validates first, by raw image. */
  folds: z.union([z.literal(0), z.number().int().min(2).max(20)]).default(0),
  seed: z.number().int().default(1),
  /** A model that is right less often on the validation images is not deployed. */
  minAccuracy: z.number().min(0).max(1).default(0.8),
  /** In addition to, or in place of, the workflow's own. */
  hyperparameters: z.record(z.string(), z.string()).default({}),
})

export const handler = task({
  name: 'ListImages',
  input: z.object({ input: inputSchema }),
  environment: z.object({ RAW_BUCKET: required, PROCESSED_BUCKET: required }),
  async run({ input: { input }, env, log }): Promise<Plan> {
    const images = await rawImages(env.RAW_BUCKET, input.images)
    const classes = [...new Set(images.map((image) => image.class))].sort()
    if (classes.length < 2) {
      throw new TaskError(
        'OneClassOnly',
        `A classifier needs two classes or more, each in a folder below s3://${env.RAW_BUCKET}/${input.images}; there is ${classes.join(', ') || 'none'}.`,
      )
    }
    const { samples, folds, seed } = input
    const made = images.map(({ key, etag, size }) => [key, etag, size])
    const dataset = createHash('sha256')
      .update(JSON.stringify([VERSION, samples, folds, seed, made]))
      .digest('hex')
      .slice(0, 16)
    const prefix = `images/${dataset}/`
    const finished = datasetSchema.safeParse(await getJson(env.PROCESSED_BUCKET, `${prefix}dataset.json`))
    if (!finished.success) {
      const manifest: Manifest = { id: dataset, rawBucket: env.RAW_BUCKET, prefix: input.images, classes, images }
      await putJson(env.PROCESSED_BUCKET, `${prefix}raw.json`, manifest)
    }
    log.info('Listed images', { dataset, classes, images: images.length, prepared: finished.success })
    return {
      dataset,
      prefix,
      classes,
      raw: images.length,
      batches: [...Array(Math.ceil(images.length / BATCH)).keys()],
      prepared: finished.success,
      samples,
      folds,
      seed,
      minAccuracy: input.minAccuracy,
      hyperparameters: input.hyperparameters,
    }
  },
})

/** Files that lie in a class, but hidden ones and texts about them. */
async function rawImages(bucket: string, prefix: string): Promise<RawImage[]> {
  const found = await list(bucket, prefix)
  return found.flatMap(({ key, etag, size }) => {
    const [name = '', ...rest] = key.slice(prefix.length).split('/')
    const file = rest.at(-1) ?? ''
    if (rest.length === 0 || file === '' || file.startsWith('.') || /\.(md|txt|json|csv)$/i.test(file)) return []
    return [{ key, class: name, etag, size }]
  })
}
