/**
 * Converts the network to ONNX, NHWC to NCHW, and ends it in two feature vectors instead of classes: `gem`, the last layer pooled by
 * generalized mean (p = 3; https://arxiv.org/abs/1711.02512), and `e16`, the expansion of the last block but one, mean-pooled.
 * Photographs are told apart best by the first, drawings by the second.
 */
import type { GraphModel, GraphNode, Weight } from './graph-model.ts'
import { OnnxGraph } from './onnx.ts'

export const GEM = 1792
export const E16 = 1344
export const FEATURES = GEM + E16
export const SIDE = 224

const LAST = 'Conv_1/Relu6'
const EXPANSION = 'expanded_conv_16/expand/Relu6'

export function convert({ nodes, weights }: GraphModel): Buffer {
  const graph = new OnnxGraph()
  const zero = graph.constant([], new Float32Array([0]), 'zero')
  const six = graph.constant([], new Float32Array([6]), 'six')
  const weight = (name: string): Weight => {
    const found = weights.get(name)
    if (!found) throw new Error(`The network has no weight "${name}".`)
    return found
  }
  for (const node of nodes) {
    const inputs = (node.input ?? []).map((input) => input.replace(/^\^/, '').replace(/:\d+$/, ''))
    if (node.op === 'Placeholder' || node.op === 'Const') continue
    if (node.op === 'AvgPool') break
    if (node.op === 'Mul' || node.op === 'Sub') {
      const operands = inputs.map((input) => {
        const known = weights.get(input)
        return known ? graph.constant(known.shape, known.values) : input
      })
      graph.node(node.op, operands, node.name)
    } else if (node.op === 'AddV2') graph.node('Add', inputs, node.name)
    else if (node.op === '_FusedConv2D' || node.op === 'FusedDepthwiseConv2dNative') convolution(node, inputs)
    else throw new Error(`The network has an operation that is not converted: ${node.op} (${node.name}).`)
  }
  generalizedMean(nameOf(nodes, LAST))
  graph.node('GlobalAveragePool', [nameOf(nodes, EXPANSION)], 'e16')
  graph.output('gem', ['N', GEM, 1, 1])
  graph.output('e16', ['N', E16, 1, 1])
  return graph.encode({ name: 'input', dims: ['N', 3, SIDE, SIDE] })

  function convolution(node: GraphNode, [input = '', kernelName = '', biasName = '']: string[]): void {
    const kernel = weight(kernelName)
    const [height = 0, width = 0, channels = 0] = kernel.shape
    const isDepthwise = node.op !== '_FusedConv2D'
    const { dims, values } = transposed(kernel, isDepthwise)
    const fused: string[] = (node.attr?.fused_ops?.list?.s ?? []).map(fromBase64)
    const operands = [input, graph.constant(dims, values)]
    if (fused.includes('BiasAdd')) operands.push(graph.constant(weight(biasName).shape, weight(biasName).values))
    const clipped = fused.includes('Relu6')
    const strides: number[] = node.attr?.strides.list.i.map(Number)
    const output = graph.node('Conv', operands, clipped ? `${node.name}_linear` : node.name, {
      strides: strides.slice(1, 3),
      kernel_shape: [height, width],
      group: isDepthwise ? channels : 1,
      auto_pad: fromBase64(node.attr?.padding.s) === 'SAME' ? 'SAME_UPPER' : 'VALID',
    })
    if (clipped) graph.node('Clip', [output, zero, six], node.name)
  }

  function generalizedMean(source: string): void {
    const power = graph.constant([], new Float32Array([3]), 'power')
    const root = graph.constant([], new Float32Array([1 / 3]), 'root')
    const epsilon = graph.constant([], new Float32Array([1e-4]), 'epsilon')
    graph.node('Pow', [source, power], 'cubed')
    graph.node('GlobalAveragePool', ['cubed'], 'meanOfCubes')
    graph.node('Add', ['meanOfCubes', epsilon], 'meanAboveZero')
    graph.node('Pow', ['meanAboveZero', root], 'gem')
  }
}

function nameOf(nodes: GraphNode[], ending: string): string {
  const found = nodes.find(({ name }) => name.endsWith(`/${ending}`))
  if (!found) throw new Error(`The network has no layer "${ending}".`)
  return found.name
}

/** Height, width, in, out → out, in, height, width; a depthwise kernel has one input channel a group. */
function transposed({ shape, values }: Weight, isDepthwise: boolean): { dims: number[]; values: Float32Array } {
  const [height = 0, width = 0, channels = 0, outs = 0] = shape
  const result = new Float32Array(values.length)
  let from = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        for (let k = 0; k < outs; k++) {
          const filter = isDepthwise ? c * outs + k : k * channels + c
          result[(filter * height + y) * width + x] = values[from++]!
        }
      }
    }
  }
  return { dims: isDepthwise ? [channels * outs, 1, height, width] : [outs, channels, height, width], values: result }
}

const fromBase64 = (value: string) => Buffer.from(value, 'base64').toString()
