/** A trained model: written to and read from `model.tar.gz`. */
import { FEATURES } from '../backbone/convert.ts'
import { AlgorithmError } from '../errors.ts'
import { pack, unpack } from './archive.ts'
import type { Head } from './head.ts'

/** The file of the network in the archive, and the description of the head beside its weights. */
const [NETWORK, DESCRIPTION, WEIGHTS] = ['backbone.onnx', 'model.json', 'head.f32']

interface Description {
  format: 'stepwell-image-classification/1'
  algorithm: string
  num_classes: number
  image_shape: string
  bias: number[]
}

export async function writeModel(network: Uint8Array, head: Head): Promise<Buffer> {
  const description: Description = {
    format: 'stepwell-image-classification/1',
    algorithm: 'frozen MobileNetV2 1.4 (GeM and expanded_conv_16 features) + multinomial logistic regression',
    num_classes: head.classes,
    image_shape: '3,224,224',
    bias: [...head.bias],
  }
  const { buffer, byteOffset, byteLength } = head.weights
  return pack({
    [DESCRIPTION]: Buffer.from(`${JSON.stringify(description, null, 2)}\n`),
    [WEIGHTS]: Buffer.from(buffer, byteOffset, byteLength),
    [NETWORK]: network,
  })
}

/** @throws AlgorithmError when the archive holds no model of this algorithm */
export async function readModel(archive: Uint8Array): Promise<{ network: Buffer; head: Head }> {
  const { [NETWORK]: network, [DESCRIPTION]: json, [WEIGHTS]: raw } = await unpack(archive)
  if (!network || !json || !raw) {
    throw new AlgorithmError(
      `model.tar.gz holds no model of this algorithm: ${NETWORK}, ${DESCRIPTION} and ${WEIGHTS} must be in it.`,
    )
  }
  const { num_classes: classes, bias } = JSON.parse(json.toString()) as Description
  const weights = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.byteLength))
  if (weights.length !== classes * FEATURES || bias.length !== classes) {
    throw new AlgorithmError(`model.tar.gz is damaged: ${weights.length} weights do not fit ${classes} classes.`)
  }
  return { network, head: { classes, weights, bias: Float64Array.from(bias) } }
}
