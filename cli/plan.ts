/** Which workflows `start` runs, in which order, with which input. */

import type { RunContext, RunResult } from './execution.ts'
import { hasMysql, withoutMysql } from './mysql.ts'
import type { Output } from './output.ts'
import type { Workflow } from './workflows.ts'

export interface PlannedRun {
  workflow: string
  /** The execution's input; may say what it leaves out. */
  input(output: Output): Promise<object>
  /** Where something happens beside the run. */
  run?: (context: RunContext, endpoint: string, workflow: Workflow) => Promise<RunResult>
}

export const PLAN: readonly PlannedRun[] = [
  { workflow: 'batch', input: batchInput },
  { workflow: 'stream', input: async () => ({}), run: runWithProducer },
  { workflow: 'model', input: async () => ({}) },
]

/** The stream workflow looks at live records. */
export async function runWithProducer(context: RunContext, endpoint: string, workflow: Workflow): Promise<RunResult> {
  const { runStream } = await import('./stream/run-stream.ts')
  return runStream(context, endpoint, workflow)
}

/** Where there is no MySQL, the workflow's own option leaves that load out. */
export async function batchInput(output: Output): Promise<object> {
  if (await hasMysql()) return {}
  const message = await withoutMysql()
  output.object({ type: 'notice', message })
  output.line(output.colors.yellow(message))
  return { load: { mysql: false } }
}
