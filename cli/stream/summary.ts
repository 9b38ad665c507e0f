/** What a run of the stream workflow came to. */
import type { RunResult } from '../execution.ts'
import { count } from '../format.ts'
import type { StreamBalance } from './run-stream.ts'

export type StreamSummary = Partial<StreamBalance> & { status: string }

export function streamSummary(results: readonly RunResult[]): StreamSummary | undefined {
  const run = results.find(({ workflow }) => workflow === 'stream')
  return run && { status: run.status, ...run.balance }
}

export function streamRows(summary: StreamSummary): string[][] {
  const { sent, delivered = 0, errors = 0, late = 0, dropped = 0, duplicates = 0, missing = 0, objects = 0 } = summary
  if (sent === undefined) return []
  const arrived = `${count(delivered)} users and ${count(errors)} errors (${count(late)} late) in ${count(objects)} objects`
  const wrong = [
    ...(missing > 0 ? [`${count(missing)} are missing`] : []),
    ...(duplicates > 0 ? [`${count(duplicates)} came twice`] : []),
  ]
  return [
    ['sent', `${count(sent)} records`],
    ['arrived', `${arrived}${dropped > 0 ? `; ${count(dropped)} dropped` : ''}`],
    ['balance', summary.balanced ? 'every record is accounted for, once' : wrong.join(', ')],
  ]
}
