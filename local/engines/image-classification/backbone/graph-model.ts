/**
 * The MobileNetV2 1.4 that npm's `nsfwjs` carries (its `mobilenet_v2_mid`, MIT), as TensorFlow.js stores graph models: a topology and
 * weights in base64, partly quantized to bytes. Only its features are used here, none of its classes.
 */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

export interface GraphNode {
  name: string
  op: string
  input?: string[]
  attr?: Record<string, any>
}

export interface Weight {
  shape: number[]
  values: Float32Array
}

export interface GraphModel {
  nodes: GraphNode[]
  weights: Map<string, Weight>
}

interface WeightSpec {
  name: string
  shape: number[]
  dtype: string
  quantization?: { dtype: string; min: number; scale: number }
}

export function readGraphModel(): GraphModel {
  const require = createRequire(import.meta.url)
  const folder = join(dirname(require.resolve('nsfwjs')), '../models/mobilenet_v2_mid')
  const load = (file: string) => {
    const loaded = require(join(folder, file))
    return loaded.default ?? loaded
  }
  const { modelTopology, weightsManifest } = load('model.min.js')
  const shards = readdirSync(folder)
    .filter((file) => file.startsWith('group1-shard'))
    .sort()
  const data = Buffer.concat(shards.map((file) => Buffer.from(load(file), 'base64')))
  const weights = new Map<string, Weight>()
  let offset = 0
  for (const spec of weightsManifest.flatMap((group: { weights: WeightSpec[] }) => group.weights) as WeightSpec[]) {
    const { values, bytes } = decode(spec, data, offset)
    offset += bytes
    weights.set(spec.name, { shape: spec.shape, values })
  }
  return { nodes: modelTopology.node, weights }
}

function decode({ shape, dtype, quantization }: WeightSpec, data: Buffer, at: number) {
  const length = shape.reduce((product, side) => product * side, 1)
  const values = new Float32Array(length)
  if (quantization?.dtype === 'uint8') {
    const { min, scale } = quantization
    for (let i = 0; i < length; i++) values[i] = data[at + i]! * scale + min
    return { values, bytes: length }
  }
  const read =
    dtype === 'int32' ? (i: number) => data.readInt32LE(at + 4 * i) : (i: number) => data.readFloatLE(at + 4 * i)
  for (let i = 0; i < length; i++) values[i] = read(i)
  return { values, bytes: 4 * length }
}
