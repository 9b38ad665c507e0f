/**
 * The trained part: multinomial logistic regression on standardized features, by L-BFGS with an Armijo line search
 * (Nocedal and Wright, Numerical Optimization, algorithm 7.4 and 3.1). Convex, so there is one answer, and it takes seconds.
 */

/** Weights with the standardization folded in: logit k = bias[k] + weights[k·D …]·x. */
export interface Head {
  classes: number
  weights: Float32Array
  bias: Float64Array
}

export interface HeadData {
  /** rows × dimensions. */
  features: Float32Array
  dimensions: number
  labels: readonly number[]
  classes: number
  /** What each row counts. Without it every class counts as much as every other, however few pictures it has. */
  weights?: readonly number[]
}

const MEMORY = 10
const MAX_HALVINGS = 20
/** Features that hardly vary shall not be blown up. */
const LEAST_SPREAD = 0.05

export class HeadTrainer {
  readonly #data: HeadData
  readonly #decay: number
  readonly #rows: number
  /** Two classes need one vector of weights: the other one is its opposite. */
  readonly #vectors: number
  readonly #standardized: Float32Array
  /** What each row counts of one. */
  readonly #share: Float64Array
  readonly #mean: Float64Array
  readonly #scale: Float64Array
  #weights: Float64Array
  #gradient: Float64Array
  #loss: number
  #accuracy = 0
  readonly #steps: Float64Array[] = []
  readonly #changes: Float64Array[] = []

  constructor(data: HeadData, decay: number) {
    this.#data = data
    this.#decay = decay
    this.#rows = data.labels.length
    this.#vectors = data.classes === 2 ? 1 : data.classes
    this.#share = shares(data)
    const { mean, scale } = standardization(data)
    this.#mean = mean
    this.#scale = scale
    const D = data.dimensions
    this.#standardized = new Float32Array(this.#rows * D)
    for (let r = 0; r < this.#rows; r++) {
      for (let d = 0; d < D; d++) this.#standardized[r * D + d] = (data.features[r * D + d]! - mean[d]!) / scale[d]!
    }
    const size = this.#vectors * (D + 1)
    this.#weights = new Float64Array(size)
    this.#gradient = new Float64Array(size)
    this.#loss = this.#evaluate(this.#weights, this.#gradient)
  }

  get loss(): number {
    return this.#loss
  }

  /** Of the rows that it learns from, with the weights of the last step. */
  get accuracy(): number {
    return this.#accuracy
  }

  get gradientNorm(): number {
    return Math.sqrt(dot(this.#gradient, this.#gradient))
  }

  /** One iteration of L-BFGS. */
  step(): void {
    const direction = this.#direction()
    const slope = dot(this.#gradient, direction)
    const weights = new Float64Array(this.#weights.length)
    const gradient = new Float64Array(this.#weights.length)
    let loss = this.#loss
    let size = 1
    for (let halving = 0; halving < MAX_HALVINGS; halving++, size /= 2) {
      for (let i = 0; i < weights.length; i++) weights[i] = this.#weights[i]! - size * direction[i]!
      loss = this.#evaluate(weights, gradient)
      if (loss <= this.#loss - 1e-4 * size * slope) break
    }
    const step = weights.map((w, i) => w - this.#weights[i]!)
    const change = gradient.map((g, i) => g - this.#gradient[i]!)
    if (dot(step, change) > 1e-10) {
      this.#steps.push(step)
      this.#changes.push(change)
      if (this.#steps.length > MEMORY) {
        this.#steps.shift()
        this.#changes.shift()
      }
    }
    this.#weights = weights
    this.#gradient = gradient
    this.#loss = loss
  }

  head(): Head {
    const { dimensions: D, classes } = this.#data
    const weights = new Float32Array(classes * D)
    const bias = new Float64Array(classes)
    for (let k = 0; k < classes; k++) {
      const [vector, sign] = this.#vectors === 1 ? [0, k === 1 ? 0.5 : -0.5] : [k, 1]
      const at = vector * (D + 1)
      let b = this.#weights[at + D]!
      for (let d = 0; d < D; d++) {
        const w = this.#weights[at + d]! / this.#scale[d]!
        weights[k * D + d] = sign * w
        b -= w * this.#mean[d]!
      }
      bias[k] = sign * b
    }
    return { classes, weights, bias }
  }

  /** The two-loop recursion. */
  #direction(): Float64Array {
    const q = Float64Array.from(this.#gradient)
    const last = this.#steps.length - 1
    const alphas: number[] = []
    for (let j = last; j >= 0; j--) {
      alphas[j] = dot(this.#steps[j]!, q) / dot(this.#changes[j]!, this.#steps[j]!)
      add(q, this.#changes[j]!, -alphas[j]!)
    }
    const size =
      last >= 0
        ? dot(this.#steps[last]!, this.#changes[last]!) / dot(this.#changes[last]!, this.#changes[last]!)
        : 1 / Math.max(1, this.gradientNorm)
    for (let i = 0; i < q.length; i++) q[i]! *= size
    for (let j = 0; j <= last; j++) {
      const beta = dot(this.#changes[j]!, q) / dot(this.#changes[j]!, this.#steps[j]!)
      add(q, this.#steps[j]!, alphas[j]! - beta)
    }
    return q
  }

  /** Log-loss, the mean of the classes' means, plus decay/2 · |w|² (the bias is free), and its gradient. */
  #evaluate(weights: Float64Array, gradient: Float64Array): number {
    const { dimensions: D, labels } = this.#data
    const X = this.#standardized
    const V = this.#vectors
    const logits = new Float64Array(V)
    gradient.fill(0)
    let loss = 0
    let right = 0
    for (let r = 0; r < this.#rows; r++) {
      const row = r * D
      for (let v = 0; v < V; v++) logits[v] = weights[v * (D + 1) + D]! + product(X, row, weights, v * (D + 1), D)
      const label = labels[r]!
      const { loss: own, isRight } = V === 1 ? logistic(logits, label) : softmax(logits, label)
      loss += this.#share[r]! * own
      if (isRight) right++
      for (let v = 0; v < V; v++) {
        const slope = logits[v]! * this.#share[r]!
        if (Math.abs(slope) < 1e-12) continue
        const at = v * (D + 1)
        for (let d = 0; d < D; d++) gradient[at + d]! += slope * X[row + d]!
        gradient[at + D]! += slope
      }
    }
    let squares = 0
    for (let v = 0; v < V; v++) {
      for (let d = 0, i = v * (D + 1); d < D; d++, i++) {
        squares += weights[i]! ** 2
        gradient[i]! += this.#decay * weights[i]!
      }
    }
    this.#accuracy = right / this.#rows
    return loss + 0.5 * this.#decay * squares
  }
}

/** Logits of one row of features. */
export function logitsOf({ classes, weights, bias }: Head, features: Float32Array, row = 0): Float64Array {
  const D = weights.length / classes
  const logits = new Float64Array(classes)
  for (let k = 0; k < classes; k++) {
    let sum = bias[k]!
    for (let d = 0; d < D; d++) sum += weights[k * D + d]! * features[row * D + d]!
    logits[k] = sum
  }
  return logits
}

export function probabilities(logits: Float64Array): number[] {
  const most = Math.max(...logits)
  const powers = [...logits].map((logit) => Math.exp(logit - most))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** Leaves the slope of the loss in `logits`. */
function logistic(logits: Float64Array, label: number): { loss: number; isRight: boolean } {
  const sign = label === 1 ? 1 : -1
  const margin = sign * logits[0]!
  logits[0] = -sign / (1 + Math.exp(Math.min(margin, 50)))
  return {
    loss: margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin)),
    isRight: margin > 0,
  }
}

function softmax(logits: Float64Array, label: number): { loss: number; isRight: boolean } {
  let best = 0
  for (let k = 1; k < logits.length; k++) if (logits[k]! > logits[best]!) best = k
  const most = logits[best]!
  const own = logits[label]!
  let sum = 0
  for (let k = 0; k < logits.length; k++) sum += Math.exp(logits[k]! - most)
  for (let k = 0; k < logits.length; k++) logits[k] = Math.exp(logits[k]! - most) / sum - (k === label ? 1 : 0)
  return { loss: most + Math.log(sum) - own, isRight: best === label }
}

function shares({ labels, classes, weights = byClass(labels, classes) }: HeadData): Float64Array {
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  return Float64Array.from(weights, (weight) => weight / all)
}

function byClass(labels: readonly number[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const label of labels) counts[label]!++
  return labels.map((label) => 1 / counts[label]!)
}

/** Mean, and (spread + {@link LEAST_SPREAD}) · √D, of each feature. */
function standardization({ features, dimensions: D, labels }: HeadData) {
  const n = labels.length
  const mean = new Float64Array(D)
  const scale = new Float64Array(D)
  for (let r = 0; r < n; r++) for (let d = 0; d < D; d++) mean[d]! += features[r * D + d]! / n
  for (let r = 0; r < n; r++) for (let d = 0; d < D; d++) scale[d]! += (features[r * D + d]! - mean[d]!) ** 2 / n
  for (let d = 0; d < D; d++) scale[d] = (Math.sqrt(scale[d]!) + LEAST_SPREAD) * Math.sqrt(D)
  return { mean, scale }
}

/** Four sums at once: the additions do not wait for each other. */
function product(X: Float32Array, row: number, w: Float64Array, at: number, D: number): number {
  let [a, b, c, e] = [0, 0, 0, 0]
  let d = 0
  for (; d + 3 < D; d += 4) {
    a += X[row + d]! * w[at + d]!
    b += X[row + d + 1]! * w[at + d + 1]!
    c += X[row + d + 2]! * w[at + d + 2]!
    e += X[row + d + 3]! * w[at + d + 3]!
  }
  for (; d < D; d++) a += X[row + d]! * w[at + d]!
  return a + b + c + e
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function add(to: Float64Array, vector: Float64Array, times: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += times * vector[i]!
}
