import { describe, expect, it } from 'vitest'
import { ClientError, readHyperparameters } from '../../../local/engines/image-classification/index.ts'

const valid = {
  num_classes: '2',
  num_training_samples: '100',
  image_shape: '3,224,224',
  resize: '256',
  use_pretrained_model: '1',
}

describe('hyperparameters of Image Classification', () => {
  it('are read, with the defaults of the algorithm', () => {
    expect(readHyperparameters(valid)).toMatchObject({
      numClasses: 2,
      numTrainingSamples: 100,
      imageShape: [3, 224, 224],
      resize: 256,
      epochs: 30,
      miniBatchSize: 32,
      weightDecay: 0.0001,
      earlyStopping: undefined,
    })
  })

  it.each([
    ['a missing required one', { num_classes: undefined }, "'num_classes' is a required property"],
    ['no resize for image files', { resize: undefined }, "'resize' is a required property"],
    ['a resize that leaves nothing to crop', { resize: '224' }, 'resize (224) must be larger than'],
    ['one that nobody knows', { epoch: '3' }, "Additional hyperparameters are not allowed ('epoch' was unexpected)"],
    ['a number out of range', { learning_rate: '1.5' }, '1.5 is greater than the maximum of 1 (learning_rate)'],
    ['a number below its range', { epochs: '0' }, '0 is less than the minimum of 1 (epochs)'],
    ['a text for a number', { epochs: 'many' }, "'many' is not of type 'integer' (epochs)"],
    ['a value that is none of the choices', { optimizer: 'lion' }, "'lion' is not one of"],
    ['more in a batch than there are samples', { mini_batch_size: '101' }, 'mini_batch_size (101) is greater than'],
    ['a top_k above the classes', { top_k: '3' }, 'top_k (3) is greater than num_classes (2)'],
    ['another shape than the pretrained network has', { image_shape: '3,112,112' }, 'image_shape must be 3,224,224'],
  ])('are refused with %s', (_, change, message) => {
    const given = Object.fromEntries(Object.entries({ ...valid, ...change }).filter(([, value]) => value !== undefined))
    const reading = () => readHyperparameters(given as Record<string, string>)
    expect(reading).toThrow(ClientError)
    expect(reading).toThrow(message)
  })
})
