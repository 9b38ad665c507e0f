/**
 * Divides raw images into training, validation and held-out parts. Never by sample: a sample and its raw image are on one side. Images
 * that look alike, or show one subject (`<subject>--….jpg`), stay together too; otherwise the validation would be of what was learned by heart.
 */
import { TaskError } from '../../errors.ts'
import { hashDistance } from '../images/distance.ts'
import { randomOf, shuffled } from '../images/random.ts'
import type { PreparedImage, RejectedImage, Split, SplitImage } from './dataset.ts'

/** Pictures whose hashes differ in at most so many of 256 bits look alike. */
const ALIKE = 20
const SHARES: [Split, number][] = [
  ['held-out', 0.16],
  ['validation', 0.16],
]
/** So that every part has some of every class. */
export const LEAST_PER_CLASS = 5

export interface SplitOptions {
  seed: number
  /** Samples in all parts together. */
  samples: number
  folds: number
}

/** @throws TaskError OneClassOnly, TooFewImages */
export function split(
  images: readonly PreparedImage[],
  options: SplitOptions,
): { images: SplitImage[]; rejected: RejectedImage[] } {
  const { unique, rejected } = withoutDuplicates(images)
  checkClasses(unique)
  const groups = grouped(unique)
  const random = randomOf('split', options.seed)
  const parts = new Map<number, { split: Split; fold: number }>()
  for (const name of classesOf(unique)) {
    const own = groups.filter(([first]) => first?.image.class === name)
    const total = own.reduce((sum, group) => sum + group.length, 0)
    const order = shuffled(own, random)
    // The largest groups first go to training: a part of 16 % has no place for them.
    const left = new Map(SHARES.map(([part, share]) => [part, Math.max(1, Math.round(total * share))]))
    for (const [at, group] of order.entries()) {
      const fits = SHARES.find(([part]) => (left.get(part) ?? 0) >= group.length)?.[0]
      const room = fits && order.length - at > 1 ? fits : undefined
      if (room) left.set(room, (left.get(room) ?? 0) - group.length)
      for (const { index } of group) parts.set(index, { split: room ?? 'train', fold: 0 })
    }
    assignFolds(shuffled(own, random), options.folds, parts)
  }
  const result = unique.map((image, index): SplitImage => {
    const { split: part = 'train', fold = 0 } = parts.get(index) ?? {}
    return {
      ...image,
      split: part,
      fold,
      group: groups.findIndex((group) => group.some((m) => m.index === index)),
      samples: 0,
    }
  })
  checkParts(result)
  shareSamples(result, options)
  return { images: result, rejected }
}

/** Each fold gets the group that it has the most room for. */
function assignFolds(groups: Member[][], folds: number, parts: Map<number, { split: Split; fold: number }>): void {
  if (folds < 2) return
  const sizes = new Array<number>(folds).fill(0)
  for (const group of [...groups].sort((a, b) => b.length - a.length)) {
    const fold = sizes.indexOf(Math.min(...sizes))
    sizes[fold] = (sizes[fold] ?? 0) + group.length
    for (const { index } of group) {
      const part = parts.get(index)
      if (part) part.fold = fold
    }
  }
}

/** Validation and held-out images are one sample each; the training images share the rest. */
function shareSamples(images: SplitImage[], { samples, folds }: SplitOptions): void {
  const training = images.filter(({ split: part }) => part === 'train')
  const wanted = Math.max(training.length, samples - (images.length - training.length))
  training.forEach((image, i) => {
    image.samples = Math.floor(wanted / training.length) + (i < wanted % training.length ? 1 : 0)
  })
  // With folds every image is in the training part of all folds but one.
  if (folds > 1) for (const image of images) image.samples ||= Math.floor(wanted / training.length)
}

interface Member {
  image: PreparedImage
  index: number
}

/** One picture in two classes is wrong in one of them, and nobody knows in which; twice in one class it says nothing new. */
function withoutDuplicates(images: readonly PreparedImage[]) {
  const byContent = Map.groupBy(images, ({ sha256 }) => sha256)
  const unique: PreparedImage[] = []
  const rejected: RejectedImage[] = []
  for (const same of byContent.values()) {
    const classes = [...new Set(same.map((image) => image.class))]
    if (classes.length > 1) {
      for (const { key, class: name } of same)
        rejected.push({
          key,
          class: name,
          reason: 'same_image_in_two_classes',
          detail: `The same picture is in ${classes.sort().join(' and ')}: ${same.map((image) => image.key).join(', ')}.`,
        })
      continue
    }
    const [first, ...more] = same
    if (first) unique.push(first)
    for (const { key, class: name } of more)
      rejected.push({ key, class: name, reason: 'duplicate', detail: `The same picture as ${first?.key}.` })
  }
  return { unique: unique.sort((a, b) => (a.key < b.key ? -1 : 1)), rejected }
}

function grouped(images: readonly PreparedImage[]): Member[][] {
  const parent = images.map((_, index) => index)
  const root = (index: number): number => {
    const above = parent[index] ?? index
    return above === index ? index : root(above)
  }
  for (let i = 0; i < images.length; i++) {
    for (let j = i + 1; j < images.length; j++) {
      const [one, other] = [images[i], images[j]]
      if (!one || !other) continue
      const oneSubject = one.class === other.class && one.subject !== undefined && one.subject === other.subject
      if (oneSubject || hashDistance(one.hash, other.hash) <= ALIKE) parent[root(j)] = root(i)
    }
  }
  const members = images.map((image, index) => ({ image, index }))
  return [...Map.groupBy(members, ({ index }) => root(index)).values()]
}

const classesOf = (images: readonly PreparedImage[]) => [...new Set(images.map((image) => image.class))].sort()

function checkClasses(images: readonly PreparedImage[]): void {
  const counts = Map.groupBy(images, (image) => image.class)
  const listed = [...counts].map(([name, own]) => `${name}: ${own.length}`).join(', ') || 'none'
  if (counts.size < 2) {
    throw new TaskError('OneClassOnly', `A classifier needs two classes of usable images or more; there are ${listed}.`)
  }
  const few = [...counts].filter(([, own]) => own.length < LEAST_PER_CLASS)
  if (few.length > 0) {
    throw new TaskError(
      'TooFewImages',
      `Every class needs ${LEAST_PER_CLASS} usable images or more; there are ${listed}. Add images to ${few.map(([name]) => name).join(', ')}, or look at the quarantined ones.`,
    )
  }
}

function checkParts(images: readonly SplitImage[]): void {
  for (const [name, own] of Map.groupBy(images, (image) => image.class)) {
    for (const part of ['train', 'validation', 'held-out'] as const) {
      if (own.some((image) => image.split === part)) continue
      throw new TaskError(
        'TooFewImages',
        `The ${own.length} images of ${name} look so alike, or show so few subjects, that none is left for the ${part} part. Add other ones.`,
      )
    }
  }
}
