/** What a long job has come to, asked of the service that runs it. */
import { DescribeClusterCommand, DescribeStepCommand, EMRClient, type StepStatus } from '@aws-sdk/client-emr'
import { DescribeStatementCommand, RedshiftDataClient } from '@aws-sdk/client-redshift-data'
import { DescribeEndpointCommand, DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker'
import type { Job } from './job.ts'

export type Outcome =
  | { is: 'running' }
  | { is: 'succeeded'; output: Record<string, unknown> }
  | { is: 'failed'; error: string; cause: string }

type Asked = Pick<Job, 'jobId' | 'kind' | 'name' | 'clusterId'>

const emr = new EMRClient({})
const redshift = new RedshiftDataClient({})
const sagemaker = new SageMakerClient({})

export async function outcomeOf(job: Asked): Promise<Outcome> {
  if (job.kind === 'cluster') return clusterOutcome(job)
  if (job.kind === 'step') return stepOutcome(job)
  if (job.kind === 'training') return trainingOutcome(job)
  if (job.kind === 'endpoint') return endpointOutcome(job)
  return statementOutcome(job)
}

/** A cluster has succeeded when it takes steps. */
async function clusterOutcome({ jobId: clusterId, name }: Asked): Promise<Outcome> {
  const ended = await clusterEnd(clusterId)
  if (ended.is !== 'alive')
    return { is: 'failed', error: 'ClusterFailed', cause: `The cluster ${name} (${clusterId}) ${ended.how}` }
  if (ended.state === 'WAITING' || ended.state === 'RUNNING') return { is: 'succeeded', output: { clusterId } }
  return { is: 'running' }
}

async function stepOutcome({ jobId: stepId, name, clusterId = '' }: Asked): Promise<Outcome> {
  const { Step } = await emr.send(new DescribeStepCommand({ ClusterId: clusterId, StepId: stepId }))
  const status = Step?.Status
  if (status?.State === 'COMPLETED') return { is: 'succeeded', output: { stepId, clusterId } }

  // A cluster that ends takes its steps with it, and does not always say so of each.
  const cluster = await clusterEnd(clusterId)
  if (cluster.is !== 'alive') {
    return {
      is: 'failed',
      error: 'ClusterFailed',
      cause: `The cluster ${clusterId} ${cluster.how} The step ${name} (${stepId}) did not end.`,
    }
  }
  if (status?.State === 'FAILED') {
    return {
      is: 'failed',
      error: 'HiveStepFailed',
      cause: `The step ${name} (${stepId}) on cluster ${clusterId} failed. ${stepFailure(status)}`,
    }
  }
  if (status?.State === 'CANCELLED' || status?.State === 'INTERRUPTED') {
    return {
      is: 'failed',
      error: 'HiveStepCancelled',
      cause: `The step ${name} (${stepId}) on cluster ${clusterId} was cancelled.`,
    }
  }
  return { is: 'running' }
}

/** EMR's own words: the reason, the first error line of the log, and where the whole log is. */
function stepFailure({ FailureDetails, StateChangeReason }: StepStatus): string {
  const log = FailureDetails?.LogFile && `The log is ${FailureDetails.LogFile}`
  const said = [FailureDetails?.Reason ?? StateChangeReason?.Message, FailureDetails?.Message, log]
  return said.filter((text) => text).join(' ') || 'EMR gave no reason; see the logs of its cluster.'
}

type ClusterEnd = { is: 'alive'; state: string } | { is: 'ended'; how: string }

/** Whether a cluster lives, or how it ended. */
export async function clusterEnd(clusterId: string): Promise<ClusterEnd> {
  const { Cluster } = await emr.send(new DescribeClusterCommand({ ClusterId: clusterId }))
  const { State = 'UNKNOWN', StateChangeReason } = Cluster?.Status ?? {}
  if (!State.startsWith('TERMINAT')) return { is: 'alive', state: State }
  const reason = [StateChangeReason?.Code, StateChangeReason?.Message].filter((text) => text).join(': ')
  return { is: 'ended', how: `is ${State}${reason ? ` (${reason})` : ''}.` }
}

async function statementOutcome({ jobId: statementId, name }: Asked): Promise<Outcome> {
  const statement = await redshift.send(new DescribeStatementCommand({ Id: statementId }))
  if (statement.Status === 'FINISHED') return { is: 'succeeded', output: { statementId } }
  const failed = statement.SubStatements?.find((part) => part.Status === 'FAILED')
  if (statement.Status === 'FAILED') {
    const which = failed ? ` in statement ${failed.Id}` : ''
    const said = failed?.Error ?? statement.Error ?? 'Redshift gave no reason.'
    return {
      is: 'failed',
      error: 'RedshiftStatementFailed',
      cause: `${name} (${statementId}) failed${which}: ${said} For COPY, SYS_LOAD_ERROR_DETAIL has the rows; nothing of the transaction was kept.`,
    }
  }
  if (statement.Status === 'ABORTED')
    return { is: 'failed', error: 'RedshiftStatementAborted', cause: `${name} (${statementId}) was cancelled.` }
  return { is: 'running' }
}

/** A stopped job has a model too, but not the one that was asked for. */
async function trainingOutcome({ jobId: trainingJob }: Asked): Promise<Outcome> {
  const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: trainingJob }))
  if (job.TrainingJobStatus === 'Completed') {
    const metrics = (job.FinalMetricDataList ?? []).map(({ MetricName = '', Value = 0 }) => [MetricName, Value])
    const artifacts = job.ModelArtifacts?.S3ModelArtifacts
    return { is: 'succeeded', output: { trainingJob, artifacts, metrics: Object.fromEntries(metrics) } }
  }
  if (job.TrainingJobStatus === 'Failed') {
    const cause = `The training job ${trainingJob} failed. ${job.FailureReason ?? 'SageMaker gave no reason.'} Its log is /aws/sagemaker/TrainingJobs, ${trainingJob}/….`
    return { is: 'failed', error: 'TrainingFailed', cause }
  }
  if (job.TrainingJobStatus === 'Stopped') {
    const why = job.SecondaryStatus === 'MaxRuntimeExceeded' ? 'ran longer than it may' : 'was stopped'
    return { is: 'failed', error: 'TrainingStopped', cause: `The training job ${trainingJob} ${why} before its end.` }
  }
  return { is: 'running' }
}

/** An update that SageMaker rolled back ends in service too, but with the configuration that served before. */
async function endpointOutcome({ jobId: endpoint, name: config }: Asked): Promise<Outcome> {
  const { EndpointStatus, EndpointConfigName, FailureReason } = await sagemaker.send(
    new DescribeEndpointCommand({ EndpointName: endpoint }),
  )
  if (EndpointStatus === 'InService' && EndpointConfigName === config) {
    return { is: 'succeeded', output: { endpoint, config } }
  }
  if (EndpointStatus === 'InService' || EndpointStatus === 'Failed' || EndpointStatus === 'UpdateRollbackFailed') {
    const serves = EndpointStatus === 'InService' ? ` It still serves ${EndpointConfigName}.` : ''
    const cause = `The endpoint ${endpoint} did not come to serve ${config}: ${FailureReason ?? EndpointStatus}.${serves}`
    return { is: 'failed', error: 'DeploymentFailed', cause }
  }
  return { is: 'running' }
}
