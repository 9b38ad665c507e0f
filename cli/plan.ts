/** Which workflows `start` runs, in which order, with which input. */

import { hasMysql, withoutMysql } from './mysql.ts'
import type { Output } from './output.ts'

export interface PlannedRun {
  workflow: string
  /** The execution's input; may say what it leaves out. */
  input(output: Output): Promise<object>
}

export const PLAN: readonly PlannedRun[] = [
  { workflow: 'batch', input: batchInput },
  { workflow: 'model', input: async () => ({}) },
]

/** Where there is no MySQL, the workflow's own option leaves that load out. */
export async function batchInput(output: Output): Promise<object> {
  if (await hasMysql()) return {}
  const message = await withoutMysql()
  output.object({ type: 'notice', message })
  output.line(output.colors.yellow(message))
  return { load: { mysql: false } }
}
