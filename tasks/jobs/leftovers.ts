/** What an execution that has ended left behind and what has not ended yet: stopping takes time, for a cluster minutes. */
import type { ClusterState } from '@aws-sdk/client-emr'
import { jobsOfExecution } from './job.ts'
import { outcomeOf } from './outcome.ts'
import { clustersOfExecution } from './stop.ts'

const NOT_ENDED: ClusterState[] = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING', 'TERMINATING']

/**
 * The clusters and Redshift statements of an execution that have not ended: they may still write. A Hive step ends with its cluster at
 * the latest.
 * @returns a sentence of each
 */
export async function leftovers(jobsTable: string, executionArn: string): Promise<string[]> {
  const clusters = await clustersOfExecution(executionArn, NOT_ENDED)
  const left = clusters.map(({ id, state }) => `the cluster ${id} is ${state}`)
  for (const job of await jobsOfExecution(jobsTable, executionArn)) {
    // A statement that was cancelled is closed in the table before Redshift has rolled it back.
    if (job.kind !== 'statement' || job.status === 'succeeded' || job.status === 'failed') continue
    if ((await statementState(job)) === 'running') left.push(`the statement ${job.name} (${job.jobId}) runs`)
  }
  return left
}

/** Redshift forgets a statement a day after it ended. */
async function statementState(job: Parameters<typeof outcomeOf>[0]): Promise<'running' | 'over'> {
  try {
    return (await outcomeOf(job)).is === 'running' ? 'running' : 'over'
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return 'over'
    throw error
  }
}
