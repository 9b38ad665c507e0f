/** Writes ONNX models: as much of the protobuf schema (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) as a convolutional network needs. */

const [VARINT, BYTES] = [0, 2]
const FLOAT = 1
const [ATTRIBUTE_INT, ATTRIBUTE_STRING, ATTRIBUTE_INTS] = [2, 3, 7]
const [IR_VERSION, OPSET] = [8, 13]

type AttributeValue = number | string | number[]

export class OnnxGraph {
  readonly #nodes: Buffer[] = []
  readonly #initializers: Buffer[] = []
  readonly #outputs: Buffer[] = []
  #serial = 0

  /** A constant tensor; gives its name. */
  constant(dims: readonly number[], values: Float32Array, name = `w${this.#serial++}`): string {
    const raw = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    const tensor = Buffer.concat([
      ...dims.map((dim) => integer(1, dim)),
      integer(2, FLOAT),
      text(8, name),
      bytes(9, raw),
    ])
    this.#initializers.push(bytes(5, tensor))
    return name
  }

  node(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, AttributeValue> = {},
  ): string {
    const encoded = Object.entries(attributes).map(([name, value]) => attribute(name, value))
    this.#nodes.push(
      bytes(
        1,
        Buffer.concat([...inputs.map((input) => text(1, input)), text(2, output), text(4, operator), ...encoded]),
      ),
    )
    return output
  }

  output(name: string, dims: readonly (number | string)[]): void {
    this.#outputs.push(valueInfo(12, name, dims))
  }

  encode(input: { name: string; dims: readonly (number | string)[] }): Buffer {
    const graph = Buffer.concat([
      ...this.#nodes,
      text(2, 'backbone'),
      ...this.#initializers,
      valueInfo(11, input.name, input.dims),
      ...this.#outputs,
    ])
    return Buffer.concat([integer(1, IR_VERSION), text(2, 'stepwell'), bytes(8, integer(2, OPSET)), bytes(7, graph)])
  }
}

function attribute(name: string, value: AttributeValue): Buffer {
  const content =
    typeof value === 'number'
      ? [integer(3, value), integer(20, ATTRIBUTE_INT)]
      : typeof value === 'string'
        ? [text(4, value), integer(20, ATTRIBUTE_STRING)]
        : [...value.map((item) => integer(8, item)), integer(20, ATTRIBUTE_INTS)]
  return bytes(5, Buffer.concat([text(1, name), ...content]))
}

function valueInfo(field: number, name: string, dims: readonly (number | string)[]): Buffer {
  const shape = Buffer.concat(dims.map((dim) => bytes(1, typeof dim === 'string' ? text(2, dim) : integer(1, dim))))
  const tensorType = Buffer.concat([integer(1, FLOAT), bytes(2, shape)])
  return bytes(field, Buffer.concat([text(1, name), bytes(2, bytes(1, tensorType))]))
}

function varint(value: number): Buffer {
  const encoded: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    encoded.push(rest > 0 ? low | 128 : low)
  } while (rest > 0)
  return Buffer.from(encoded)
}

const bytes = (field: number, content: Buffer) =>
  Buffer.concat([varint(field * 8 + BYTES), varint(content.length), content])
const text = (field: number, content: string) => bytes(field, Buffer.from(content))
const integer = (field: number, value: number) => Buffer.concat([varint(field * 8 + VARINT), varint(value)])
