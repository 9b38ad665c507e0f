/** Stops whatever an execution left running: its steps, statements and training jobs, and its clusters. */
import type { Logger } from '@aws-lambda-powertools/logger'
import { CancelStepsCommand, EMRClient, paginateListClusters, TerminateJobFlowsCommand } from '@aws-sdk/client-emr'
import { CancelStatementCommand, RedshiftDataClient } from '@aws-sdk/client-redshift-data'
import { SageMakerClient, StopTrainingJobCommand } from '@aws-sdk/client-sagemaker'
import { endJob, isOpen, jobsOfExecution, type OpenJob } from './job.ts'

const emr = new EMRClient({})
const redshift = new RedshiftDataClient({})
const sagemaker = new SageMakerClient({})

/** Stops every open job of the execution and terminates its clusters. Does nothing when nothing is left. @returns ids of the clusters */
export async function stopExecution(tableName: string, executionArn: string, log: Logger): Promise<string[]> {
  await stopOpenJobs(tableName, executionArn, log)
  const clusters = await liveClusters(executionArn)
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

/** Ids of the execution's clusters that have not ended, found by name, so that one is found even if the function that made it died before it could say so. */
async function liveClusters(executionArn: string): Promise<string[]> {
  const name = clusterName(executionArn)
  const ids: string[] = []
  const pages = paginateListClusters(
    { client: emr },
    { ClusterStates: ['STARTING', 'BOOTSTRAPPING', 'RUNNING', 'WAITING'] },
  )
  for await (const page of pages) {
    for (const { Id, Name = '' } of page.Clusters ?? []) {
      if (Id && (Name === name || Name.startsWith(`${name}#`))) ids.push(Id)
    }
  }
  return ids
}
