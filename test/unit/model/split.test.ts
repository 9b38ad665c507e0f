import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PreparedImage } from '../../../tasks/model/dataset/dataset.ts'
import { lists } from '../../../tasks/model/dataset/lists.ts'
import { split } from '../../../tasks/model/dataset/split.ts'
import { randomOf } from '../../../tasks/model/images/random.ts'

/** Pictures that look like nothing else: their hashes are random. */
function pictures(
  perClass: Record<string, number>,
  change: (image: PreparedImage, i: number) => Partial<PreparedImage> = () => ({}),
) {
  return Object.entries(perClass).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i): PreparedImage => {
      const random = randomOf(name, i)
      const hash = Array.from({ length: 64 }, () => Math.floor(16 * random()).toString(16)).join('')
      const image = {
        id: `${name}-${i}`,
        key: `images/${name}/${i}.jpg`,
        class: name,
        subject: undefined,
        sha256: `${name}${i}`,
        hash,
        width: 10,
        height: 10,
        format: 'jpeg',
      }
      return { ...image, ...change(image, i) }
    }),
  )
}

const options = { seed: 1, samples: 2500, folds: 0 }

describe('dividing images', () => {
  it('makes 2,500 samples of 125 images, with every class in every part', () => {
    const { images } = split(pictures({ penguin: 30, other: 95 }), options)
    const of = (part: string) => images.filter((image) => image.split === part)
    const samples =
      of('train').reduce((sum, image) => sum + image.samples, 0) + of('validation').length + of('held-out').length
    expect(samples).toBe(2500)
    for (const part of ['train', 'validation', 'held-out'])
      expect(new Set(of(part).map((image) => image.class)).size, part).toBe(2)
    expect(of('validation').length).toBeGreaterThanOrEqual(15)
    expect(of('held-out').length).toBeGreaterThanOrEqual(15)
  })

  it('never has samples of one raw image in two parts, whatever the images and the seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 40 }),
        fc.integer({ min: 5, max: 40 }),
        fc.integer(),
        (one, other, seed) => {
          const { images } = split(pictures({ one, other }), { seed, samples: 300, folds: 3 })
          const written = lists(
            images.filter((image) => image.split === 'train'),
            images.filter((image) => image.split === 'validation'),
            ['one', 'other'],
          )
          const raws = (text: string) =>
            new Set(
              text
                .trimEnd()
                .split('\n')
                .map((line) => line.split('\t')[2]!.replace(/(-\d{3})?\.jpg$/, '')),
            )
          const training = raws(written.train)
          for (const raw of raws(written.validation)) expect(training.has(raw)).toBe(false)
          for (const image of images.filter(({ split: part }) => part === 'held-out')) {
            expect(training.has(`${image.class}/${image.id}`)).toBe(false)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('keeps pictures of one subject, and pictures that look alike, on one side', () => {
    const { images } = split(
      pictures({ one: 40, other: 40 }, (image, i) =>
        image.class === 'one'
          ? { subject: `subject-${Math.floor(i / 4)}` }
          : i % 2
            ? { hash: pictures({ other: 40 })[i - 1]!.hash }
            : {},
      ),
      { ...options, folds: 5 },
    )
    for (const group of Map.groupBy(images, ({ group }) => group).values()) {
      expect(new Set(group.map(({ split: part }) => part)).size).toBe(1)
      expect(new Set(group.map(({ fold }) => fold)).size).toBe(1)
    }
    expect(new Set(images.map(({ group }) => group)).size).toBe(30)
  })

  it('uses every image in one fold, and gives every fold some of every class', () => {
    const { images } = split(pictures({ one: 25, other: 50 }), { ...options, folds: 5 })
    for (let fold = 0; fold < 5; fold++) {
      const own = images.filter((image) => image.fold === fold)
      expect([own.filter((image) => image.class === 'one').length, own.length]).toEqual([5, 15])
    }
    expect(images.every(({ samples }) => samples > 0)).toBe(true)
  })

  it('divides the same images the same way, and otherwise with another seed', () => {
    const parts = (seed: number) =>
      split(pictures({ one: 20, other: 20 }), { ...options, seed }).images.map((image) => image.split)
    expect(parts(1)).toEqual(parts(1))
    expect(parts(1)).not.toEqual(parts(2))
  })

  it('quarantines a picture that is in two classes, and one that is there twice', () => {
    const same = pictures({ one: 10, other: 10 }, ({ class: name }, i) =>
      i === 0 ? { sha256: 'both' } : name === 'one' && i < 3 ? { sha256: 'twice' } : {},
    )
    const { images, rejected } = split(same, options)
    expect(rejected.map(({ key, reason }) => [key, reason])).toEqual([
      ['images/one/0.jpg', 'same_image_in_two_classes'],
      ['images/other/0.jpg', 'same_image_in_two_classes'],
      ['images/one/2.jpg', 'duplicate'],
    ])
    expect(images).toHaveLength(17)
  })

  it('asks for two classes, and for enough images of each', () => {
    expect(() => split(pictures({ one: 50 }), options)).toThrow(expect.objectContaining({ name: 'OneClassOnly' }))
    const few = () => split(pictures({ one: 50, other: 4 }), options)
    expect(few).toThrow(expect.objectContaining({ name: 'TooFewImages' }))
    expect(few).toThrow('there are one: 50, other: 4. Add images to other')
  })
})

describe('.lst files', () => {
  it('are index, label and relative path with tabs, every index once in both', () => {
    const { images } = split(pictures({ one: 10, other: 10 }), { ...options, samples: 100 })
    const written = lists(
      images.filter((image) => image.split === 'train'),
      images.filter((image) => image.split === 'validation'),
      ['one', 'other'],
    )
    const lines = (written.train + written.validation).trimEnd().split('\n')
    for (const line of lines) expect(line).toMatch(/^\d+\t[01]\t(one|other)\/[\w-]+\.jpg$/)
    expect(lines.map((line) => Number(line.split('\t')[0]))).toEqual([...lines.keys()])
    expect(written.train).not.toContain('\r')
    expect(lines.every((line) => (line.split('\t')[1] === '0') === line.includes('\tone/'))).toBe(true)
  })
})
