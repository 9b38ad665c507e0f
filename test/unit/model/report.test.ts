import { describe, expect, it } from 'vitest'
import { calibration, confusion, epochsOf, mistakes, type Prediction, roc } from '../../../tasks/model/report/model.ts'
import { page } from '../../../tasks/model/report/page.ts'

const prediction = (label: number, second: number, key = ''): Prediction => ({
  path: key,
  key,
  split: 'held-out',
  label,
  probabilities: [1 - second, second],
})

describe('figures of the report', () => {
  it('reads the curves out of the log', () => {
    const lines = [
      '[x INFO] Epoch[0] Train-accuracy=0.500000',
      '[x INFO] Epoch[0] Time cost=1.000',
      '[x INFO] Epoch[0] Validation-accuracy=0.250000',
      '[x INFO] Epoch[1] Train-accuracy=1.000000',
      '[x INFO] Epoch[1] Validation-accuracy=0.750000',
    ]
    expect(epochsOf(lines)).toEqual([
      { epoch: 0, train: 0.5, validation: 0.25 },
      { epoch: 1, train: 1, validation: 0.75 },
    ])
  })

  it('counts what was taken for what', () => {
    expect(confusion([prediction(0, 0.1), prediction(0, 0.9), prediction(1, 0.8)], 2)).toEqual([
      [1, 1],
      [0, 1],
    ])
  })

  it('has an area of 1 for perfect order, 0 for the reverse, a half for one score', () => {
    const area = (scores: [number, number][]) =>
      roc(
        scores.map(([label, score]) => prediction(label, score)),
        1,
      ).area
    expect(
      area([
        [0, 0.1],
        [0, 0.2],
        [1, 0.8],
        [1, 0.9],
      ]),
    ).toBe(1)
    expect(
      area([
        [1, 0.1],
        [1, 0.2],
        [0, 0.8],
        [0, 0.9],
      ]),
    ).toBe(0)
    expect(
      area([
        [1, 0.5],
        [0, 0.5],
      ]),
    ).toBe(0.5)
  })

  it('shows the surest mistakes first', () => {
    const wrong = mistakes([prediction(0, 0.6, 'a'), prediction(0, 0.99, 'b'), prediction(1, 0.9, 'right')])
    expect(wrong.map(({ key }) => key)).toEqual(['b', 'a'])
  })

  it('says how often it is right when it is so sure', () => {
    const bins = calibration([prediction(1, 0.95), prediction(1, 0.93), prediction(0, 0.97), prediction(0, 0.45)])
    expect(bins.map(({ count }) => count)).toEqual([1, 3])
    expect(bins[1]!.accuracy).toBeCloseTo(2 / 3)
  })
})

describe('the page of the report', () => {
  it('says first how many pictures it is right about, and of which class it is wrong', () => {
    const predictions = [prediction(0, 0.1, 'a/1'), prediction(1, 0.2, 'b/2'), prediction(1, 0.9, 'b/3')]
    const html = page(
      {
        execution: { name: 'run', arn: 'arn', startedAt: '2026-11-22T00:00:00Z' },
        generatedAt: '',
        model: 'model',
        endpoint: 'endpoint',
        dataset: {
          id: 'id',
          classes: ['cat', '<dog>'],
          images: { raw: 3, accepted: 3, rejected: 0 },
          perClass: {},
          samples: { train: 1, validation: 1, heldOut: 3, total: 5 },
        },
        rejected: [],
        epochs: [],
        accuracy: { train: 1, validation: 1, heldOut: 2 / 3 },
        folds: null,
        smokeTest: { accuracy: 2 / 3, latency: { p50: 1, p95: 2, max: 3 }, predictions },
      },
      { classes: {}, augmented: '', mistakes: [] },
    )
    expect(html).toContain('Right about 2 of 3 pictures that it had never seen</b>; wrong about 1 &lt;dog&gt;.')
    expect(html).not.toContain('<dog>')
    expect(html.indexOf('Right about')).toBeLessThan(html.indexOf('class="tile"'))
  })
})
