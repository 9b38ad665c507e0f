/**
 * Trains: reads the four channels, turns pictures into features, fits the head, and leaves `model.tar.gz`. Log lines and metrics are
 * worded as the built-in algorithm words them.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { FEATURES } from './backbone/convert.ts'
import { backboneFile, hashOfFile } from './backbone/index.ts'
import { AlgorithmError, ClientError, InferenceError } from './errors.ts'
import { type Hyperparameters, readHyperparameters } from './hyperparameters.ts'
import { type ListedImage, readList } from './lists.ts'
import { Backbone, extract, FeatureCache } from './model/features.ts'
import { type Head, HeadTrainer, logitsOf, probabilities } from './model/head.ts'
import { writeModel } from './model/model.ts'
import type { Metric, TrainingEvent, TrainingRequest } from './protocol.ts'

const CHANNELS = ['train', 'validation', 'train_lst', 'validation_lst'] as const
/** What the algorithm takes for pictures in files. */
const CONTENT_TYPE = 'application/x-image'
/** By then the head has converged; the epochs share these iterations out. */
const ITERATIONS = 100
const CONVERGED = 1e-5

interface Samples {
  features: Float32Array
  labels: number[]
}

/**
 * @param signal stops the training; what was learned until then is kept
 * @throws ClientError, AlgorithmError
 */
export async function train(
  request: TrainingRequest,
  tell: (event: TrainingEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const log = (line: string) => tell({ is: 'log', line: `[${stamp()} INFO] ${line}` })
  const parameters = readHyperparameters(request.hyperparameters)
  for (const [name, value] of Object.entries(request.hyperparameters).sort()) log(`Setting ${name} = ${value}`)
  const { trainSet, validationSet } = await readChannels(request, parameters)
  log(
    `Searching for .lst files: ${trainSet.length} training and ${validationSet.length} validation images in ${parameters.numClasses} classes`,
  )

  await mkdir(request.cache, { recursive: true })
  const network = await backboneFile(request.cache)
  const backbone = await Backbone.load(network, request.threads)
  const cache = new FeatureCache(join(request.cache, 'features.db'), await hashOfFile(network))
  let best: Head | undefined
  try {
    const started = performance.now()
    const samples = async (channel: 'train' | 'validation', list: ListedImage[]): Promise<Samples> => {
      const folder = request.channels[channel]!.folder
      const features = await extract({
        files: list.map(({ path }) => join(folder, path)),
        backbone,
        cache,
        signal,
        onProgress: (done) => log(`Reading ${channel} images: ${done} of ${list.length}`),
      })
      return { features, labels: list.map(({ label }) => label) }
    }
    const training = await samples('train', trainSet)
    const validation = await samples('validation', validationSet)
    log(`Features of ${trainSet.length + validationSet.length} images in ${seconds(started)} s`)
    const fitted = await learn(parameters, training, validation, { log, tell, signal, output: request.output, network })
    best = fitted.head
  } catch (error) {
    if (!signal.aborted) throw asClientError(error)
  } finally {
    cache.close()
  }
  if (signal.aborted) log('Stop signal received')
  const file = best && (await save(request.output, 'model.tar.gz', network, best))
  tell(signal.aborted ? { is: 'stopped', file } : { is: 'trained', file: file! })
}

interface Learning {
  log(line: string): void
  tell(event: TrainingEvent): void
  signal: AbortSignal
  output: string
  network: string
}

/** The head of the best validation epoch, the later one of equals. */
async function learn(parameters: Hyperparameters, training: Samples, validation: Samples, to: Learning) {
  const { epochs, numClasses, earlyStopping, checkpointFrequency, topK, weightDecay } = parameters
  const trainer = new HeadTrainer({ ...training, dimensions: FEATURES, classes: numClasses }, weightDecay)
  const perEpoch = Math.max(1, Math.ceil(ITERATIONS / epochs))
  let best = { head: trainer.head(), accuracy: 0, epoch: -1 }
  for (let epoch = 0; epoch < epochs; epoch++) {
    const started = performance.now()
    for (let i = 0; i < perEpoch && !to.signal.aborted && trainer.gradientNorm >= CONVERGED; i++) {
      trainer.step()
      // Lets the stop signal in.
      await setImmediate()
    }
    const head = trainer.head()
    const checked = evaluate(head, validation, topK)
    to.log(`Epoch[${epoch}] Train-accuracy=${trainer.accuracy.toFixed(6)}`)
    to.log(`Epoch[${epoch}] Time cost=${seconds(started)}`)
    to.log(`Epoch[${epoch}] Validation-accuracy=${checked.accuracy.toFixed(6)}`)
    if (topK) to.log(`Epoch[${epoch}] Validation-top_k_accuracy_${topK}=${checked.topK.toFixed(6)}`)
    const metrics: [Metric['name'], number][] = [
      ['train:accuracy', trainer.accuracy],
      ['validation:accuracy', checked.accuracy],
      ['train:loss', trainer.loss],
      ['validation:loss', checked.loss],
      ...(topK ? [['validation:topk_accuracy', checked.topK] as [Metric['name'], number]] : []),
    ]
    for (const [name, value] of metrics) to.tell({ is: 'metric', metric: { name, value, epoch } })
    if (checked.accuracy >= best.accuracy) best = { head, accuracy: checked.accuracy, epoch }
    if (checkpointFrequency && (epoch + 1) % checkpointFrequency === 0) {
      const file = await save(
        to.output,
        `image-classification-${String(epoch + 1).padStart(4, '0')}.tar.gz`,
        to.network,
        head,
      )
      to.tell({ is: 'checkpoint', file })
      to.log(`Saved checkpoint to "${file.slice(to.output.length + 1)}"`)
    }
    if (to.signal.aborted) break
    if (trainer.gradientNorm < CONVERGED) {
      to.log(`Epoch[${epoch}] The optimizer has converged: the gradient is below ${CONVERGED}`)
      break
    }
    if (earlyStopping && epoch + 1 >= earlyStopping.minEpochs && epoch - best.epoch >= earlyStopping.patience) {
      to.log(`Epoch[${epoch}] Early stopping: no better validation accuracy for ${earlyStopping.patience} epochs`)
      break
    }
  }
  to.log(`Best validation epoch: ${best.epoch}, accuracy ${best.accuracy.toFixed(6)}`)
  return best
}

function evaluate(head: Head, { features, labels }: Samples, topK = 1) {
  let [right, inTop, loss] = [0, 0, 0]
  labels.forEach((label, row) => {
    const p = probabilities(logitsOf(head, features, row))
    const better = p.filter((other) => other > p[label]!).length
    if (better === 0) right++
    if (better < topK) inTop++
    loss -= Math.log(Math.max(p[label]!, 1e-12))
  })
  return { accuracy: right / labels.length, topK: inTop / labels.length, loss: loss / labels.length }
}

async function readChannels({ channels }: TrainingRequest, parameters: Hyperparameters) {
  for (const name of CHANNELS) {
    if (!channels[name]) {
      throw new ClientError(
        `Unable to initialize the algorithm. Failed to validate input data configuration. (caused by ValidationError)\n\nCaused by: '${name}' is a required property`,
      )
    }
    if (channels[name].contentType !== CONTENT_TYPE) {
      throw new ClientError(
        `Unable to initialize the algorithm. Failed to validate input data configuration. (caused by ValidationError)\n\nCaused by: '${channels[name].contentType ?? ''}' is not one of ['${CONTENT_TYPE}'] (ContentType of ${name})`,
      )
    }
  }
  const list = async (name: 'train_lst' | 'validation_lst') => {
    const { folder } = channels[name]!
    const files = existsSync(folder) ? (await readdir(folder)).filter((file) => file.endsWith('.lst')) : []
    if (files.length !== 1)
      throw new ClientError(`The channel ${name} must hold one .lst file; it holds ${files.length}.`)
    return readList(files[0]!, await readFile(join(folder, files[0]!), 'utf8'), parameters.numClasses)
  }
  const [trainSet, validationSet] = [await list('train_lst'), await list('validation_lst')]
  if (trainSet.length !== parameters.numTrainingSamples) {
    throw new ClientError(
      `num_training_samples is ${parameters.numTrainingSamples}, but the .lst file of train_lst lists ${trainSet.length} images.`,
    )
  }
  const indices = new Set(trainSet.map(({ index }) => index))
  const shared = validationSet.find(({ index }) => indices.has(index))
  if (shared)
    throw new ClientError(`The index ${shared.index} is in both .lst files: it must be unique across all images.`)
  const labels = new Set(trainSet.map(({ label }) => label))
  if (labels.size !== parameters.numClasses) {
    throw new ClientError(
      `num_classes is ${parameters.numClasses}, but the training images have ${labels.size} labels.`,
    )
  }
  for (const [channel, set] of [
    ['train', trainSet],
    ['validation', validationSet],
  ] as const) {
    const missing = set.find(({ path }) => !existsSync(join(channels[channel]!.folder, path)))
    if (missing) throw new ClientError(`The image ${missing.path} of ${channel}_lst is not in the channel ${channel}.`)
  }
  return { trainSet, validationSet }
}

async function save(folder: string, name: string, network: string, head: Head): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, name)
  await writeFile(`${file}.part`, await writeModel(await readFile(network), head))
  await rename(`${file}.part`, file)
  return file
}

function asClientError(error: unknown): unknown {
  if (error instanceof InferenceError) return new ClientError(`A training image is no image. ${error.message}`)
  if (error instanceof ClientError || error instanceof AlgorithmError) return error
  return new AlgorithmError(error instanceof Error ? error.message : String(error), { cause: error })
}

const seconds = (started: number) => ((performance.now() - started) / 1000).toFixed(3)
/** `11/22/2026 13:05:00` */
function stamp(): string {
  const [day = '', time = ''] = new Date().toISOString().split('T')
  const [year, month, date] = day.split('-')
  return `${month}/${date}/${year} ${time.slice(0, 8)}`
}
