/** The pictures of a folder as the model workflow prepares them, and the features of their views. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { E16, FEATURES, GEM } from '../../local/engines/image-classification/backbone/convert.ts'
import { backboneFile, hashOfFile } from '../../local/engines/image-classification/backbone/index.ts'
import { Backbone, FeatureCache } from '../../local/engines/image-classification/model/features.ts'
import { decode, PIXELS } from '../../local/engines/image-classification/model/pixels.ts'
import { withViews } from '../../local/engines/image-classification/model/views.ts'
import { sampleOf } from '../../tasks/model/augment-images.ts'
import type { PreparedImage, SplitImage } from '../../tasks/model/dataset/dataset.ts'
import { inspect, SIDE } from '../../tasks/model/images/inspect.ts'
import { sharp } from '../../tasks/model/images/sharp.ts'
import { idOf, subjectOf } from '../../tasks/model/prepare-images.ts'

export { E16, FEATURES, GEM }

/** Features that are asked about a picture: of itself, its mirror image, its centre. */
export const TEST_VIEWS = 3

export interface Picture {
  image: PreparedImage
  /** Rows of {@link FEATURES}: the picture, its mirror image, then augmented samples. */
  samples: Float32Array
  /** Rows of {@link FEATURES}, {@link TEST_VIEWS} of them. */
  views: Float32Array
}

const SEED = 1

/** @param samples a picture, the picture itself and its mirror image among them */
export async function picturesOf(folder: string, samples: number, cacheFolder: string): Promise<Picture[]> {
  await mkdir(cacheFolder, { recursive: true })
  const network = await backboneFile(cacheFolder)
  const backbone = await Backbone.load(network, 2)
  const cache = new FeatureCache(join(cacheFolder, 'features.db'), await hashOfFile(network))
  const features = async (pixels: Float32Array) => {
    const hash = createHash('sha256').update(pixels).digest()
    const known = cache.get(hash)
    if (known) return known
    const vector = await backbone.features(pixels)
    cache.put([{ hash, vector }])
    return vector
  }
  const pictures: Picture[] = []
  for (const [key, file] of await filesOf(folder)) {
    const seen = await inspect(await readFile(file))
    if ('reason' in seen) continue
    const { pixels, ...rest } = seen
    const image = { id: idOf(key), key, class: key.split('/')[0]!, subject: subjectOf(key), ...rest }
    const clean = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .jpeg({ quality: 92 })
      .toBuffer()
    const upright = await sharp(clean).raw().toBuffer()
    const rows = new Float32Array(samples * FEATURES)
    for (let sample = 0; sample < samples; sample++) {
      const jpeg = await sampleOf(upright, image as unknown as SplitImage, sample, SEED)
      rows.set(await features(await decode(jpeg)), sample * FEATURES)
    }
    const seenAs = withViews(await decode(clean))
    const views = new Float32Array(TEST_VIEWS * FEATURES)
    for (let view = 0; view < TEST_VIEWS; view++)
      views.set(await features(seenAs.slice(view * PIXELS, (view + 1) * PIXELS)), view * FEATURES)
    pictures.push({ image, samples: rows, views })
  }
  cache.close()
  return pictures
}

async function filesOf(folder: string): Promise<[key: string, file: string][]> {
  const classes = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const found: [string, string][] = []
  for (const { name } of classes)
    for (const file of await readdir(join(folder, name))) found.push([`${name}/${file}`, join(folder, name, file)])
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}
