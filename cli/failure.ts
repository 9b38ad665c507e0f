/** Why an execution failed, as a person wants to read it: where, what, why, where the log is, and what to type next. */
import type { DescribeExecutionCommandOutput } from '@aws-sdk/client-sfn'
import { endpointWords } from './endpoint.ts'
import { type Timeline, unwrap } from './timeline.ts'
import { executionName } from './workflows.ts'

export interface Failure {
  /** The state in which it began. */
  state: string
  error: string
  /** The message alone, without the JSON that Lambda wraps it in. */
  cause: string
  /** What to type to see its log. */
  log: string
  /** What to type next. */
  next: string
}

export function failureOf(
  workflow: string,
  { again = `npx stepwell run ${workflow}`, endpoint }: { again?: string; endpoint: string },
  { description, timeline }: { description: DescribeExecutionCommandOutput; timeline: Timeline },
): Failure {
  const { status, executionArn, redriveStatus } = description
  const id = executionName(executionArn!)
  const where = endpointWords(endpoint)
  const visit = timeline.failedVisit(description.error, unwrap(description.cause ?? ''))
  const error = visit?.error ?? description.error ?? `Execution${status === 'TIMED_OUT' ? 'TimedOut' : 'Aborted'}`
  // The task's own words say more than what the workflow made of them.
  const cause = unwrap(visit?.cause ?? description.cause ?? '') || endOf(status!)
  const state = visit?.name ?? '(none)'
  // What the workflow caught ended in a Fail state, which a redrive would only run again.
  const caught = timeline.states.some((run) => run.type === 'Fail')
  const redrive = !caught && redriveStatus === 'REDRIVABLE'
  return {
    state,
    error,
    cause,
    // A Choice that led to a Fail logs nothing; what ran before it does.
    log: `npx stepwell logs ${id}${visit?.functionName ? ` ${state}` : ''}${where}`,
    next: `${redrive ? `npx stepwell redrive ${id}` : again}${where}`,
  }
}

function endOf(status: string): string {
  if (status === 'ABORTED') return 'The execution was stopped.'
  if (status === 'TIMED_OUT') return 'The execution ran longer than its workflow allows.'
  return 'No cause was given.'
}
