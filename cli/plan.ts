/** Which workflows `start` runs, in which order, with which input. */

import { hasMysql, WITHOUT_MYSQL } from './mysql.ts'
import type { Output } from './output.ts'

export interface PlannedRun {
  workflow: string
  /** The execution's input; may say what it leaves out. */
  input(output: Output): object
}

export const PLAN: readonly PlannedRun[] = [{ workflow: 'batch', input: batchInput }]

/** Where there is no MySQL, the workflow's own option leaves that load out. */
export function batchInput(output: Output): object {
  if (hasMysql()) return {}
  output.object({ type: 'notice', message: WITHOUT_MYSQL })
  output.line(output.colors.yellow(WITHOUT_MYSQL))
  return { load: { mysql: false } }
}
