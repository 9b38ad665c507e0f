/** The name of an execution inside S3 paths and Hive scripts. */
import { createHash } from 'node:crypto'
import type { Execution } from '../../task.ts'

/** The execution's own name; its hash where the name holds what a path or a quoted string could not. */
export function runId({ name }: Execution): string {
  return /^[\w.-]+$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 32)
}
