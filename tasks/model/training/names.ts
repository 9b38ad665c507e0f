/** Names of training jobs, models and configurations: they follow from the execution, so that a retry finds what exists. */
import { createHash } from 'node:crypto'
import type { Execution } from '../../task.ts'

/** Every name of the workflow begins so; the policies of its roles say the same. */
export const PREFIX = 'stepwell-'

/** At most 52 characters of SageMaker's 63, so that a fold or a number fits behind. */
export function nameOf(execution: Pick<Execution, 'arn' | 'name'>): string {
  const plain = execution.name
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 32)
    .replace(/-+$/, '')
  const hash = createHash('sha256').update(execution.arn).digest('hex').slice(0, 8)
  return `${PREFIX}${plain ? `${plain}-` : ''}${hash}`
}
