/**
 * `.lst` files: `index<TAB>label<TAB>relative/path`, one image a line
 * (https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html, "Train with Image Format").
 */
import { ClientError } from './errors.ts'

export interface ListedImage {
  index: number
  /** From 0; the position of the class in the answer of the endpoint. */
  label: number
  /** Below the channel's prefix, with "/". */
  path: string
}

/** @throws ClientError naming the file and line that does not fit */
export function readList(name: string, text: string, numClasses: number): ListedImage[] {
  const images: ListedImage[] = []
  const seen = new Set<number>()
  text.split('\n').forEach((line, at) => {
    if (line === '' || line === '\r') return
    const where = `${name}, line ${at + 1}`
    const [index = '', label = '', path = '', ...more] = line.replace(/\r$/, '').split('\t')
    if (more.length > 0 || path === '') {
      throw new ClientError(
        `Invalid list file: ${where} has ${more.length + 3} columns or no path; expected index, label and path with tabs.`,
      )
    }
    if (!/^\d+$/.test(index)) throw new ClientError(`Invalid list file: the index '${index}' in ${where} is no number.`)
    if (!/^\d+(\.0+)?$/.test(label))
      throw new ClientError(`Invalid list file: the label '${label}' in ${where} is no number.`)
    if (Number(label) >= numClasses) {
      throw new ClientError(`Label ${label} in ${where} is not below num_classes (${numClasses}): labels count from 0.`)
    }
    if (path.startsWith('/') || path.split('/').includes('..')) {
      throw new ClientError(`Invalid list file: the path '${path}' in ${where} is not below the channel.`)
    }
    if (seen.has(Number(index)))
      throw new ClientError(`Invalid list file: the index ${index} in ${where} occurs twice.`)
    seen.add(Number(index))
    images.push({ index: Number(index), label: Number(label), path })
  })
  if (images.length === 0) throw new ClientError(`Invalid list file: ${name} lists no image.`)
  return images
}
