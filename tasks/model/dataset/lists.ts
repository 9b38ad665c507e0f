/**
 * `.lst` files for SageMaker's Image Classification: `index<TAB>label<TAB>relative/path`, no header, "/" between folders, every index
 * once in all files (https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html).
 */
import { cleanPath, type SplitImage, samplePath } from './dataset.ts'

export interface Lists {
  train: string
  validation: string
  counts: { train: number; validation: number }
}

/** Labels are the places of the classes in `classes`. */
export function lists(training: SplitImage[], validation: SplitImage[], classes: string[]): Lists {
  let index = 0
  const line = (image: SplitImage, path: string) => `${index++}\t${classes.indexOf(image.class)}\t${path}\n`
  const train = training.flatMap((image) =>
    Array.from({ length: image.samples }, (_, sample) => line(image, samplePath(image, sample))),
  )
  const checked = validation.map((image) => line(image, cleanPath(image)))
  return {
    train: train.join(''),
    validation: checked.join(''),
    counts: { train: train.length, validation: checked.length },
  }
}
