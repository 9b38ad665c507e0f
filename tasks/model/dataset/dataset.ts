/**
 * The data set that one set of raw images makes, below `images/<id>/` of the processed bucket. Its id is a hash of what it is made from,
 * so the same images are prepared once.
 */
import { z } from 'zod'

export type Split = 'train' | 'validation' | 'held-out'

export interface RawImage {
  key: string
  class: string
  etag: string
  size: number
}

/** What ListImages found: `raw.json`. */
export interface Manifest {
  id: string
  rawBucket: string
  prefix: string
  classes: string[]
  images: RawImage[]
}

/** One image that PrepareImages took: a row of `prepared/<batch>.json`. */
export interface PreparedImage {
  /** Names its samples; letters, digits and hyphens. */
  id: string
  key: string
  class: string
  /** Images of one subject stay on one side of a split. */
  subject: string | undefined
  sha256: string
  hash: string
  width: number
  height: number
  format: string
}

export interface RejectedImage {
  key: string
  class: string
  reason: string
  detail: string
}

export interface PreparedBatch {
  accepted: PreparedImage[]
  rejected: RejectedImage[]
}

export interface SplitImage extends PreparedImage {
  split: Split
  /** Images that look alike or show one subject have one group. */
  group: number
  /** Which fold leaves it out. */
  fold: number
  /** How many samples it gives. */
  samples: number
}

/** How everything was divided: `split.json`. */
export interface Division {
  images: SplitImage[]
  rejected: RejectedImage[]
}

/** What the states hand on. */
export const planSchema = z.object({
  dataset: z.string().regex(/^[a-f0-9]{16}$/),
  /** `images/<id>/`, in the processed bucket. */
  prefix: z.string(),
  classes: z.array(z.string()).min(2),
  raw: z.number().int(),
  batches: z.array(z.number().int()),
  prepared: z.boolean(),
  samples: z.number().int().min(1),
  folds: z.number().int().min(0),
  seed: z.number().int(),
  minAccuracy: z.number().min(0).max(1),
  hyperparameters: z.record(z.string(), z.string()),
})

export type Plan = z.output<typeof planSchema>

/** What a finished data set holds: `dataset.json`, written last. */
export const datasetSchema = z.object({
  classes: z.array(z.string()),
  images: z.object({ raw: z.number(), accepted: z.number(), rejected: z.number() }),
  perClass: z.record(z.string(), z.number()),
  samples: z.object({ train: z.number(), validation: z.number(), heldOut: z.number(), total: z.number() }),
})

export type Dataset = z.output<typeof datasetSchema>

/** Images a function prepares or augments in one call. */
export const BATCH = 16
/** The samples' sides: the algorithm resizes them and crops 224 of it. */
export const SAMPLE_SIDE = 256

export const samplePath = (image: { class: string; id: string }, sample: number) =>
  `${image.class}/${image.id}-${String(sample).padStart(3, '0')}.jpg`
export const cleanPath = (image: { class: string; id: string }) => `${image.class}/${image.id}.jpg`
