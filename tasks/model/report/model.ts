/** What the report of a model tells, and what is computed for it. */
import type { Dataset, RejectedImage } from '../dataset/dataset.ts'

export interface Prediction {
  /** In the processed bucket. */
  path: string
  /** The raw image. */
  key: string
  split: 'held-out' | 'validation'
  label: number
  probabilities: number[]
}

export interface SmokeTest {
  /** On the held-out images. */
  accuracy: number
  /** Milliseconds of InvokeEndpoint, as the function saw it. */
  latency: { p50: number; p95: number; max: number }
  predictions: Prediction[]
}

export interface Epoch {
  epoch: number
  train: number
  validation: number
}

export interface ModelReport {
  execution: { name: string; arn: string; startedAt: string }
  generatedAt: string
  model: string
  endpoint: string
  dataset: Dataset & { id: string }
  rejected: RejectedImage[]
  epochs: Epoch[]
  accuracy: { train: number; validation: number; heldOut: number }
  folds: { accuracies: number[]; mean: number; spread: number } | null
  smokeTest: SmokeTest
}

/** Curves out of the algorithm's log lines: `Epoch[3] Train-accuracy=0.98`. */
export function epochsOf(lines: readonly string[]): Epoch[] {
  const epochs = new Map<number, Epoch>()
  for (const line of lines) {
    const [, number, part, value] = /Epoch\[(\d+)\] (Train|Validation)-accuracy=([\d.]+)/.exec(line) ?? []
    if (number === undefined) continue
    const epoch = epochs.get(Number(number)) ?? { epoch: Number(number), train: Number.NaN, validation: Number.NaN }
    epochs.set(epoch.epoch, epoch)
    if (part === 'Train') epoch.train = Number(value)
    else epoch.validation = Number(value)
  }
  return [...epochs.values()].sort((a, b) => a.epoch - b.epoch)
}

export const predicted = ({ probabilities }: Prediction) => probabilities.indexOf(Math.max(...probabilities))

/** Rows are the true classes. */
export function confusion(predictions: readonly Prediction[], classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (const prediction of predictions) {
    const row = matrix[prediction.label]
    if (row) row[predicted(prediction)] = (row[predicted(prediction)] ?? 0) + 1
  }
  return matrix
}

/** One class against the others: the curve from (0, 0) to (1, 1), and the area below it. */
export function roc(predictions: readonly Prediction[], label: number): { points: [number, number][]; area: number } {
  const sorted = predictions
    .map((prediction) => ({ score: prediction.probabilities[label] ?? 0, positive: prediction.label === label }))
    .sort((a, b) => b.score - a.score)
  const positives = sorted.filter(({ positive }) => positive).length
  const negatives = sorted.length - positives
  const points: [number, number][] = [[0, 0]]
  let [hits, alarms, area] = [0, 0, 0]
  for (let i = 0; i < sorted.length; ) {
    const { score } = sorted[i] ?? { score: 0 }
    const before: [number, number] = [alarms / negatives, hits / positives]
    for (; i < sorted.length && sorted[i]?.score === score; i++) {
      if (sorted[i]?.positive) hits++
      else alarms++
    }
    const now: [number, number] = [alarms / negatives, hits / positives]
    area += ((now[0] - before[0]) * (now[1] + before[1])) / 2
    points.push(now)
  }
  return { points, area }
}

/** Of the predictions with about so much confidence, how many are right. */
export function calibration(predictions: readonly Prediction[], bins = 5) {
  const from = 0.5
  return Array.from({ length: bins }, (_, bin) => {
    const [low, high] = [from + (bin * (1 - from)) / bins, from + ((bin + 1) * (1 - from)) / bins]
    const within = predictions.filter((prediction) => {
      const most = Math.max(...prediction.probabilities)
      return most >= low && (most < high || bin === bins - 1)
    })
    const right = within.filter((prediction) => predicted(prediction) === prediction.label).length
    const confidence = within.reduce((sum, { probabilities }) => sum + Math.max(...probabilities), 0) / within.length
    return { low, high, count: within.length, accuracy: right / within.length, confidence }
  }).filter(({ count }) => count > 0)
}

/** Wrong, and sure of it. */
export function mistakes(predictions: readonly Prediction[], most = 8): Prediction[] {
  return predictions
    .filter((prediction) => predicted(prediction) !== prediction.label)
    .sort((a, b) => Math.max(...b.probabilities) - Math.max(...a.probabilities))
    .slice(0, most)
}
