/** How a classifier is made of features, and how right it is about pictures that it has not seen. */
import { HeadTrainer, logitsOf, probabilities } from '../../local/engines/image-classification/model/head.ts'
import { split } from '../../tasks/model/dataset/split.ts'
import { E16, FEATURES, GEM, type Picture, TEST_VIEWS } from './pictures.ts'

export interface Recipe {
  features: 'gem' | 'e16' | 'both'
  /** Of a training picture: 1 is the picture, 2 its mirror image too, more are augmented ones. */
  samples: number
  /** Whether every class counts the same, instead of every picture. */
  balanced: boolean
  /** The L2 penalty of the head. */
  decay: number
  /** Of the picture that is asked about; three are it, its mirror image and its centre. */
  views: 1 | 3
}

export interface Score {
  accuracy: number
  /** The mean over the classes. */
  balanced: number
  logLoss: number
}

const ITERATIONS = 100
const CONVERGED = 1e-5

const columns = { gem: [0, GEM], e16: [GEM, E16], both: [0, FEATURES] } as const

/** @returns class → probability for every test picture */
function predictions(recipe: Recipe, training: Picture[], test: Picture[], classes: string[]): number[][] {
  const [from, dimensions] = columns[recipe.features]
  const features = new Float32Array(training.length * recipe.samples * dimensions)
  const labels: number[] = []
  for (const { image, samples } of training) {
    for (let sample = 0; sample < recipe.samples; sample++) {
      const at = sample * FEATURES + from
      features.set(samples.subarray(at, at + dimensions), labels.length * dimensions)
      labels.push(classes.indexOf(image.class))
    }
  }
  const weights = recipe.balanced ? undefined : labels.map(() => 1)
  const trainer = new HeadTrainer({ features, labels, dimensions, classes: classes.length, weights }, recipe.decay)
  for (let step = 0; step < ITERATIONS && trainer.gradientNorm >= CONVERGED; step++) trainer.step()
  const head = trainer.head()
  return test.map(({ views }) => {
    const mean = new Float64Array(classes.length)
    for (let view = 0; view < Math.min(recipe.views, TEST_VIEWS); view++) {
      const at = view * FEATURES + from
      logitsOf(head, views.subarray(at, at + dimensions)).forEach((logit, k) => {
        mean[k]! += logit / recipe.views
      })
    }
    return probabilities(mean)
  })
}

/** Cross-validates by raw picture as the workflow does it: look-alikes and pictures of one subject are in one fold. */
export function crossValidated(recipe: Recipe, pictures: Picture[], folds: number, seed: number): Score {
  const divided = split(
    pictures.map(({ image }) => image),
    { seed, samples: pictures.length, folds },
  )
  const foldOf = new Map(divided.images.map(({ key, fold }) => [key, fold]))
  const known = pictures.filter(({ image }) => foldOf.has(image.key))
  const classes = classesOf(known)
  const [judged, given]: [Picture[], number[][]] = [[], []]
  for (let fold = 0; fold < folds; fold++) {
    const isTest = ({ image }: Picture) => foldOf.get(image.key) === fold
    const test = known.filter(isTest)
    judged.push(...test)
    given.push(
      ...predictions(
        recipe,
        known.filter((picture) => !isTest(picture)),
        test,
        classes,
      ),
    )
  }
  return score(judged, given, classes)
}

/** Trains on all pictures of one folder and judges those of another. */
export function tested(recipe: Recipe, pictures: Picture[], test: Picture[]): Score {
  const classes = classesOf(pictures)
  return score(test, predictions(recipe, pictures, test, classes), classes)
}

const classesOf = (pictures: Picture[]) => [...new Set(pictures.map(({ image }) => image.class))].sort()

function score(pictures: Picture[], given: number[][], classes: string[]): Score {
  const rows = pictures.map(({ image }, i) => {
    const label = classes.indexOf(image.class)
    const p = given[i]!
    return { label, right: p.indexOf(Math.max(...p)) === label, loss: -Math.log(Math.max(p[label]!, 1e-12)) }
  })
  const share = (some: typeof rows) => some.filter(({ right }) => right).length / some.length
  return {
    accuracy: share(rows),
    balanced: mean(classes.map((_, k) => share(rows.filter(({ label }) => label === k)))),
    logLoss: mean(rows.map(({ loss }) => loss)),
  }
}

export const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
export const spread = (values: number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)))
