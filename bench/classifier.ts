/**
 * What each part of the classifier's recipe gives: cross-validated by raw picture, several times with other folds, on the drawn sample
 * pictures or on a folder of one's own; and, with `--test`, on pictures of another folder that no choice was made on.
 *
 *     node bench/classifier.ts [--images FOLDER] [--test FOLDER] [--repetitions 5] [--folds 5] [--samples 6] [--cache FOLDER]
 *
 * The folders have one folder a class. ± is the spread of the repetitions.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { generateImages } from '../data/images/generate.ts'
import { picturesOf } from './classifier/pictures.ts'
import { crossValidated, mean, type Recipe, spread, tested } from './classifier/recipe.ts'

const { values } = parseArgs({
  options: {
    images: { type: 'string' },
    test: { type: 'string' },
    repetitions: { type: 'string', default: '5' },
    folds: { type: 'string', default: '5' },
    samples: { type: 'string', default: '6' },
    cache: { type: 'string', default: join(tmpdir(), 'stepwell-bench-classifier') },
  },
})
const [repetitions, folds, samples] = [values.repetitions, values.folds, values.samples].map(Number) as [
  number,
  number,
  number,
]
const folder = values.images ?? join(values.cache, 'drawn')
if (!values.images) await generateImages({ folder, images: 125 })

const shipped: Recipe = { features: 'both', samples, balanced: true, decay: 1e-5, views: 1 }
const plain: Recipe = { features: 'gem', samples: 1, balanced: false, decay: 1e-5, views: 1 }
const recipes: [name: string, recipe: Recipe][] = [
  ['last layer, the picture itself, one view', plain],
  ['+ block 16', { ...plain, features: 'both' }],
  ['+ mirror image and augmented samples', { ...plain, features: 'both', samples }],
  ['+ every class counts the same (as shipped)', shipped],
  ['+ three views (INFERENCE_VIEWS=3)', { ...shipped, views: 3 }],
  ['last layer, augmented, three views', { ...plain, samples, views: 3 }],
  ['as shipped, without the last layer', { ...shipped, features: 'e16' }],
  ['as shipped, without block 16', { ...shipped, features: 'gem' }],
  ['as shipped, without augmented samples', { ...shipped, samples: 2 }],
  ['as shipped, penalty 1e-4', { ...shipped, decay: 1e-4 }],
  ['as shipped, penalty 1e-6', { ...shipped, decay: 1e-6 }],
]

const began = performance.now()
const pictures = await picturesOf(folder, samples, values.cache)
const test = values.test ? await picturesOf(values.test, 1, values.cache) : undefined
const percent = (share: number) => (100 * share).toFixed(1)
const line = (cells: string[]) => process.stdout.write(`${cells.join(' | ')}\n`)
process.stdout.write(
  `${pictures.length} pictures, ${repetitions} × ${folds} folds by raw picture, ${samples} samples a picture; features in ${((performance.now() - began) / 1000).toFixed(0)} s\n\n`,
)
line(['recipe'.padEnd(42), 'right'.padEnd(12), 'mean of classes', 'log-loss', ...(test ? ['test'] : [])])
for (const [name, recipe] of recipes) {
  const scores = Array.from({ length: repetitions }, (_, seed) => crossValidated(recipe, pictures, folds, seed))
  const accuracies = scores.map(({ accuracy }) => accuracy)
  line([
    name.padEnd(42),
    `${percent(mean(accuracies))} ± ${percent(spread(accuracies))}`.padEnd(12),
    percent(mean(scores.map(({ balanced }) => balanced))).padEnd(15),
    mean(scores.map(({ logLoss }) => logLoss))
      .toFixed(3)
      .padEnd(8),
    ...(test ? [percent(tested(recipe, pictures, test).accuracy)] : []),
  ])
}
