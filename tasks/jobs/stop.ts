/** Stops whatever an execution left running: its steps, statements and training jobs, and its clusters. */
import type { Logger } from '@aws-lambda-powertools/logger'
import {
  CancelStepsCommand,
  type ClusterState,
  EMRClient,
  paginateListClusters,
  TerminateJobFlowsCommand,
} from '@aws-sdk/client-emr'
import { CancelStatementCommand, RedshiftDataClient } from '@aws-sdk/client-redshift-data'
import { SageMakerClient, StopTrainingJobCommand } from '@aws-sdk/client-sagemaker'
import { endJob, isOpen, jobsOfExecution, type OpenJob } from './job.ts'

const emr = new EMRClient({})
const redshift = new RedshiftDataClient({})
const sagemaker = new SageMakerClient({})

/** Clusters that nobody has told to end. */
const LIVE: ClusterState[] = ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING']

/** Stops every open job of the execution and terminates its clusters. Does nothing when nothing is left. @returns ids of the clusters */
export async function stopExecution(tableName: string, executionArn: string, log: Logger): Promise<string[]> {
  await stopOpenJobs(tableName, executionArn, log)
  const clusters = (await clustersOfExecution(executionArn, LIVE)).map(({ id }) => id)
  if (clusters.length > 0) {
    await emr.send(new TerminateJobFlowsCommand({ JobFlowIds: clusters }))
    log.info('Terminates clusters', { clusters })
  }
  return clusters
}

/** Stops every open job of the execution. @returns how many */
export async function stopOpenJobs(tableName: string, executionArn: string, log: Logger): Promise<number> {
  const open = (await jobsOfExecution(tableName, executionArn)).filter(isOpen)
  for (const job of open) await stopJob(tableName, job, log)
  return open.length
}

/** Stops one job. Its token is forgotten: the state that waited for it has ended, or is about to. */
export async function stopJob(tableName: string, job: OpenJob, log: Logger): Promise<void> {
  if (job.kind === 'cluster') {
    await emr.send(new TerminateJobFlowsCommand({ JobFlowIds: [job.jobId] }))
  } else if (job.kind === 'step') {
    await unlessOver(
      emr.send(
        new CancelStepsCommand({
          ClusterId: job.clusterId,
          StepIds: [job.jobId],
          StepCancellationOption: 'TERMINATE_PROCESS',
        }),
      ),
    )
  } else if (job.kind === 'training') {
    await unlessOver(sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: job.jobId })))
  } else if (job.kind === 'statement') {
    await unlessOver(redshift.send(new CancelStatementCommand({ Id: job.jobId })))
  }
  // A deployment cannot be stopped; it ends in service or rolled back by itself.
  await endJob(tableName, job, 'cancelled')
  log.info('Stopped a job', { jobId: job.jobId, job: job.name })
}

/** A job that is over by itself, or whose cluster is, cannot be cancelled: the services answer that as an invalid request. */
async function unlessOver(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if (
      !['ValidationException', 'ResourceNotFoundException', 'InvalidRequestException'].includes((error as Error).name)
    )
      throw error
  }
}

/** The name of an execution's first cluster: `Batch/run-1`. A successor is `Batch/run-1#2`. */
export function clusterName(executionArn: string): string {
  return executionArn.split(':').slice(6).join('/')
}

/**
 * The execution's clusters in some states, found by name, so that one is found even if the function that made it died before it could say so.
 */
export async function clustersOfExecution(
  executionArn: string,
  states: ClusterState[],
): Promise<{ id: string; state: string }[]> {
  const name = clusterName(executionArn)
  const clusters: { id: string; state: string }[] = []
  for await (const page of paginateListClusters({ client: emr }, { ClusterStates: states })) {
    for (const { Id, Name = '', Status } of page.Clusters ?? []) {
      if (Id && (Name === name || Name.startsWith(`${name}#`))) clusters.push({ id: Id, state: Status?.State ?? '' })
    }
  }
  return clusters
}
