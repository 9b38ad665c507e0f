/** Validates, straightens and resizes one batch of raw images. What is no picture is told with its reason, and stops nothing. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { ConfigurationError } from '../errors.ts'
import { required, task } from '../task.ts'
import {
  BATCH,
  cleanPath,
  type Manifest,
  type PreparedBatch,
  type PreparedImage,
  planSchema,
  type RawImage,
  type RejectedImage,
} from './dataset/dataset.ts'
import { get, getJson, inParallel, put, putJson } from './dataset/objects.ts'
import { inspect, MAX_BYTES, SIDE } from './images/inspect.ts'
import { sharp } from './images/sharp.ts'

export const handler = task({
  name: 'PrepareImages',
  input: z.object({ plan: planSchema, batch: z.number().int().min(0) }),
  environment: z.object({ PROCESSED_BUCKET: required }),
  async run({ input: { plan, batch }, env, log, signal }) {
    const manifest = await getJson<Manifest>(env.PROCESSED_BUCKET, `${plan.prefix}raw.json`)
    if (!manifest)
      throw new ConfigurationError(`The list of images s3://${env.PROCESSED_BUCKET}/${plan.prefix}raw.json is gone.`)
    const result: PreparedBatch = { accepted: [], rejected: [] }
    await inParallel(manifest.images.slice(batch * BATCH, (batch + 1) * BATCH), 2, async (image) => {
      signal.throwIfAborted()
      const prepared = await prepare(manifest, image)
      if ('reason' in prepared) result.rejected.push(prepared)
      else {
        await put(env.PROCESSED_BUCKET, `${plan.prefix}clean/${cleanPath(prepared.image)}`, prepared.jpeg, 'image/jpeg')
        result.accepted.push(prepared.image)
      }
    })
    await putJson(env.PROCESSED_BUCKET, `${plan.prefix}prepared/${batch}.json`, result)
    log.info('Prepared images', { batch, accepted: result.accepted.length, rejected: result.rejected.length })
    return { accepted: result.accepted.length, rejected: result.rejected.length }
  },
})

async function prepare(
  manifest: Manifest,
  { key, class: name, size }: RawImage,
): Promise<{ image: PreparedImage; jpeg: Buffer } | RejectedImage> {
  if (size > MAX_BYTES)
    return { key, class: name, reason: 'file_too_large', detail: `${size} bytes are more than ${MAX_BYTES}.` }
  const seen = await inspect(await get(manifest.rawBucket, key))
  if ('reason' in seen) return { key, class: name, ...seen }
  const { pixels, ...rest } = seen
  const jpeg = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer()
  return { image: { id: idOf(key), key, class: name, subject: subjectOf(key), ...rest }, jpeg }
}

/** The file's name, as far as it is plain, and enough of a hash to be its own. */
export function idOf(key: string): string {
  const file = key.slice(key.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '')
  const plain = file
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60)
  return `${plain || 'image'}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`
}

/** `emperor--on-ice.jpg` shows the emperor. */
export function subjectOf(key: string): string | undefined {
  const file = key.slice(key.lastIndexOf('/') + 1)
  const at = file.indexOf('--')
  return at > 0 ? file.slice(0, at) : undefined
}
