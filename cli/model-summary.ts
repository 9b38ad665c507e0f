/** What a run of the model workflow came to. */
import type { RunResult } from './execution.ts'

export interface ModelSummary extends Record<string, unknown> {
  status: string
  /** The page that asks the classifier. */
  page: string
  images?: { raw: number; accepted: number; rejected: number }
  samples?: { train: number; validation: number; heldOut: number; total: number }
  accuracy?: { train: number; validation: number; heldOut: number }
  /** Of the cross-validation, where there was one. */
  folds?: { accuracies: number[]; mean: number; spread: number }
  endpoint?: string
  model?: string
  /** Milliseconds of the smoke test's requests. */
  latency?: { p50: number; p95: number; max: number }
}

export function modelSummary(results: readonly RunResult[], page: string): ModelSummary | undefined {
  const run = results.find(({ workflow }) => workflow === 'model')
  if (!run) return undefined
  const { report: _in, api: _on, ...figures } = run.output ?? {}
  return { status: run.status, ...figures, page }
}

export function modelRows({ images, samples, accuracy, folds, latency }: ModelSummary): string[][] {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return [
    ...(images && samples
      ? [['pictures', `${images.raw} raw, ${images.rejected} quarantined, ${samples.total} samples`]]
      : []),
    ...(accuracy
      ? [
          [
            'right',
            `${percent(accuracy.train)} in training, ${percent(accuracy.validation)} in validation, ${percent(accuracy.heldOut)} held out`,
          ],
        ]
      : []),
    ...(folds
      ? [
          [
            'folds',
            `${folds.accuracies.map(percent).join(', ')}; mean ${percent(folds.mean)} ± ${(100 * folds.spread).toFixed(1)}`,
          ],
        ]
      : []),
    ...(latency ? [['endpoint', `${latency.p50} ms in the median, ${latency.p95} ms at 95 %`]] : []),
  ]
}
