/**
 * The hyperparameters of SageMaker's built-in Image Classification, checked before anything is read
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html). All of them are strings on the wire.
 */
import { ClientError } from './errors.ts'

export interface Hyperparameters {
  numClasses: number
  numTrainingSamples: number
  /** Channels, height, width. */
  imageShape: [channels: number, height: number, width: number]
  /** The short side to which images are resized before they are cropped to the image shape. */
  resize: number
  epochs: number
  miniBatchSize: number
  /** L2, per weight; here the only one of the optimizer's settings that has an effect. */
  weightDecay: number
  topK: number | undefined
  earlyStopping: { minEpochs: number; patience: number; tolerance: number } | undefined
  /** Epochs between checkpoints; undefined keeps the best epoch only. */
  checkpointFrequency: number | undefined
}

type Rule =
  | { is: 'integer'; min: number; max?: number }
  | { is: 'number'; min: number; max?: number; exclusive?: boolean }
  | { is: 'one of'; values: readonly string[] }
  | { is: 'text'; pattern: RegExp }

const positive: Rule = { is: 'integer', min: 1 }
const fraction: Rule = { is: 'number', min: 0, max: 1 }
const LAYERS = ['18', '20', '32', '34', '44', '50', '56', '101', '110', '152', '200']

const rules: Record<string, Rule> = {
  num_classes: { is: 'integer', min: 2 },
  num_training_samples: positive,
  image_shape: { is: 'text', pattern: /^\s*\d+\s*,\s*\d+\s*,\s*\d+\s*$/ },
  resize: positive,
  epochs: positive,
  mini_batch_size: positive,
  learning_rate: { is: 'number', min: 0, max: 1, exclusive: true },
  lr_scheduler_factor: fraction,
  lr_scheduler_step: { is: 'text', pattern: /^\d+(\s*,\s*\d+)*$/ },
  use_pretrained_model: { is: 'one of', values: ['0', '1'] },
  num_layers: { is: 'one of', values: LAYERS },
  augmentation_type: { is: 'one of', values: ['crop', 'crop_color', 'crop_color_transform'] },
  optimizer: { is: 'one of', values: ['sgd', 'adam', 'rmsprop', 'nag'] },
  momentum: fraction,
  weight_decay: fraction,
  beta_1: fraction,
  beta_2: fraction,
  gamma: fraction,
  eps: fraction,
  early_stopping: { is: 'one of', values: ['True', 'False', 'true', 'false'] },
  early_stopping_min_epochs: positive,
  early_stopping_patience: positive,
  early_stopping_tolerance: fraction,
  checkpoint_frequency: positive,
  top_k: { is: 'integer', min: 2 },
  kv_store: { is: 'one of', values: ['dist_sync', 'dist_async'] },
  precision_dtype: { is: 'one of', values: ['float32', 'float16'] },
  multi_label: { is: 'one of', values: ['0', '1'] },
  use_weighted_loss: { is: 'one of', values: ['0', '1'] },
}

/** @throws ClientError naming the hyperparameter, its value and what it may be */
export function readHyperparameters(given: Readonly<Record<string, string>>): Hyperparameters {
  for (const [name, value] of Object.entries(given)) {
    const rule = rules[name]
    if (!rule) throw invalid(`Additional hyperparameters are not allowed ('${name}' was unexpected)`)
    check(name, value, rule)
  }
  for (const name of ['num_classes', 'num_training_samples']) {
    if (given[name] === undefined) throw invalid(`'${name}' is a required property`)
  }
  const [channels = 0, height = 0, width = 0] = (given.image_shape ?? '3,224,224').split(',').map(Number)
  const pretrained = given.use_pretrained_model === '1'
  if (pretrained && (channels !== 3 || height !== 224 || width !== 224)) {
    throw invalid(`image_shape must be 3,224,224 with use_pretrained_model=1, not ${given.image_shape}`)
  }
  if (!pretrained) {
    throw new ClientError(
      'use_pretrained_model=0 trains a network from random weights, which this machine does not do: set it to 1.',
    )
  }
  if (given.multi_label === '1')
    throw new ClientError('multi_label=1 is not supported here: every image has one label.')
  // Images, unlike RecordIO files, come in any size: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
  if (given.resize === undefined) throw invalid("'resize' is a required property with content type application/x-image")
  const resize = Number(given.resize)
  if (resize <= height || resize <= width) {
    throw invalid(`resize (${resize}) must be larger than the height and width of image_shape (${given.image_shape})`)
  }
  const numClasses = Number(given.num_classes)
  const topK = given.top_k === undefined ? undefined : Number(given.top_k)
  if (topK !== undefined && topK > numClasses)
    throw invalid(`top_k (${topK}) is greater than num_classes (${numClasses})`)
  const samples = Number(given.num_training_samples)
  const miniBatchSize = Number(given.mini_batch_size ?? 32)
  if (miniBatchSize > samples) {
    throw invalid(`mini_batch_size (${miniBatchSize}) is greater than num_training_samples (${samples})`)
  }
  const stops = (given.early_stopping ?? 'False').toLowerCase() === 'true'
  return {
    numClasses,
    numTrainingSamples: samples,
    imageShape: [channels, height, width],
    resize,
    epochs: Number(given.epochs ?? 30),
    miniBatchSize,
    weightDecay: Number(given.weight_decay ?? 0.0001),
    topK,
    earlyStopping: stops
      ? {
          minEpochs: Number(given.early_stopping_min_epochs ?? 10),
          patience: Number(given.early_stopping_patience ?? 5),
          tolerance: Number(given.early_stopping_tolerance ?? 0),
        }
      : undefined,
    checkpointFrequency: given.checkpoint_frequency === undefined ? undefined : Number(given.checkpoint_frequency),
  }
}

function check(name: string, value: string, rule: Rule): void {
  if (rule.is === 'one of') {
    if (!rule.values.includes(value)) throw invalid(`'${value}' is not one of ${JSON.stringify(rule.values)} (${name})`)
    return
  }
  if (rule.is === 'text') {
    if (!rule.pattern.test(value)) throw invalid(`'${value}' does not match '${rule.pattern.source}' (${name})`)
    return
  }
  const number = Number(value)
  const isNumber = value.trim() !== '' && Number.isFinite(number)
  if (!isNumber || (rule.is === 'integer' && !Number.isInteger(number))) {
    throw invalid(`'${value}' is not of type '${rule.is}' (${name})`)
  }
  if (number < rule.min || (rule.is === 'number' && rule.exclusive && number === rule.min)) {
    throw invalid(`${value} is less than the minimum of ${rule.min} (${name})`)
  }
  if (rule.max !== undefined && number > rule.max) {
    throw invalid(`${value} is greater than the maximum of ${rule.max} (${name})`)
  }
}

function invalid(cause: string): ClientError {
  return new ClientError(`Failed to validate hyperparameters. (caused by ValidationError)\n\nCaused by: ${cause}`)
}
