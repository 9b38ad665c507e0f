import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { AlgorithmError, ClientError } from '../../../local/engines/image-classification/index.ts'
import { readList } from '../../../local/engines/image-classification/lists.ts'
import { pack, unpack } from '../../../local/engines/image-classification/model/archive.ts'
import { HeadTrainer, logitsOf, probabilities } from '../../../local/engines/image-classification/model/head.ts'
import { readModel } from '../../../local/engines/image-classification/model/model.ts'

describe('a list file', () => {
  it('is index, label and path with tabs', () => {
    expect(readList('train.lst', '5\t1\tclass_dog/img.jpg\n6\t0\ta/b c.png\n', 2)).toEqual([
      { index: 5, label: 1, path: 'class_dog/img.jpg' },
      { index: 6, label: 0, path: 'a/b c.png' },
    ])
  })

  it.each([
    ['spaces for tabs', '5 1 a.jpg\n', 'train.lst, line 1'],
    [
      'a label that is no class',
      '0\t0\ta.jpg\n1\t2\tb.jpg\n',
      'Label 2 in train.lst, line 2 is not below num_classes (2)',
    ],
    ['an index that is there twice', '0\t0\ta.jpg\n0\t1\tb.jpg\n', 'the index 0 in train.lst, line 2 occurs twice'],
    ['a path out of the channel', '0\t0\t../../etc/passwd\n', 'is not below the channel'],
    ['nothing in it', '\n', 'lists no image'],
  ])('is refused with %s', (_, text, message) => {
    expect(() => readList('train.lst', text, 2)).toThrow(ClientError)
    expect(() => readList('train.lst', text, 2)).toThrow(message)
  })
})

describe('the head', () => {
  /** Rows around one corner of a simplex each. */
  function samples(classes: number, rows: number) {
    let state = 1
    const random = () => {
      state = (state * 16807) % 2147483647
      return state / 2147483647
    }
    const dimensions = 6
    const features = new Float32Array(rows * dimensions)
    const labels = Array.from({ length: rows }, (_, row) => row % classes)
    labels.forEach((label, row) => {
      for (let d = 0; d < dimensions; d++) features[row * dimensions + d] = (d === label ? 2 : 0) + random()
    })
    return { features, labels, dimensions, classes }
  }

  it.each([2, 3, 5])('learns to tell %i classes apart, with smaller loss at every step', (classes) => {
    const data = samples(classes, 60)
    const trainer = new HeadTrainer(data, 1e-4)
    let last = trainer.loss
    for (let step = 0; step < 30; step++) {
      trainer.step()
      expect(trainer.loss).toBeLessThanOrEqual(last)
      last = trainer.loss
    }
    const head = trainer.head()
    data.labels.forEach((label, row) => {
      const p = probabilities(logitsOf(head, data.features, row))
      expect(p.indexOf(Math.max(...p))).toBe(label)
      expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1)
    })
    expect(trainer.accuracy).toBe(1)
  })

  it.each([2, 3])('takes no class of %i for likelier because there are more pictures of it', (classes) => {
    // Prepare: features that tell nothing, and one class nine times as often as the others
    const labels = Array.from({ length: 60 }, (_, row) => (row % 12 < classes - 1 ? 1 + (row % 12) : 0))
    const data = { features: new Float32Array(60 * 4).fill(1), labels, dimensions: 4, classes }

    // Act
    const trainer = new HeadTrainer(data, 1e-4)
    for (let step = 0; step < 30; step++) trainer.step()

    // Assess
    for (const p of probabilities(logitsOf(trainer.head(), data.features))) expect(p).toBeCloseTo(1 / classes, 3)
  })

  it('has the gradient that its loss has', () => {
    const data = samples(2, 20)
    const trainer = new HeadTrainer(data, 0.01)
    for (let step = 0; step < 60; step++) trainer.step()
    expect(trainer.gradientNorm).toBeLessThan(1e-4)
  })
})

describe('model.tar.gz', () => {
  it('gives back what was packed, and packs the same bytes again', async () => {
    const files = { 'a.txt': Buffer.from('hello'), 'empty.bin': Buffer.alloc(0), 'big.bin': Buffer.alloc(1500, 7) }
    const archive = await pack(files)
    expect(await unpack(archive)).toEqual(files)
    expect(await pack(files)).toEqual(archive)
  })

  it.each([
    ['no gzip', Buffer.from('no')],
    ['a tar that ends early', gzipSync(Buffer.concat([Buffer.from('a.txt'), Buffer.alloc(507, 0x37)]))],
    ['an archive of something else', gzipSync(Buffer.alloc(1024))],
  ])('is refused when it is %s', async (_, bytes) => {
    await expect(readModel(bytes)).rejects.toThrow(AlgorithmError)
  })
})
