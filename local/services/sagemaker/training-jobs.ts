/** Operations on training jobs. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { checkName, date, listed, type Store, type TrainingJob, validation } from './store.ts'
import { putTags } from './tags.ts'
import type { TrainingRunner } from './training-runner.ts'

const IMAGE = /(^|\/)image-classification:/

export function trainingOperations(store: Store, runner: TrainingRunner): Record<string, Operation> {
  const find = (name: string): TrainingJob => {
    const job = store.jobs.get(name)
    if (!job) throw validation('Requested resource not found.')
    return job
  }
  return {
    CreateTrainingJob(input) {
      const { Tags, ...request } = input
      const name = checkName('trainingJobName', input.TrainingJobName)
      const image: string = input.AlgorithmSpecification?.TrainingImage ?? ''
      if (!IMAGE.test(image)) {
        throw validation(
          `The training image ${image || '(none)'} is not served here: only the built-in image-classification is.`,
        )
      }
      if (input.AlgorithmSpecification.TrainingInputMode !== 'File') {
        throw validation('Image files are read in File mode here: TrainingInputMode must be File.')
      }
      for (const [member, value] of Object.entries({
        roleArn: input.RoleArn,
        'outputDataConfig.s3OutputPath': input.OutputDataConfig?.S3OutputPath,
        'resourceConfig.instanceType': input.ResourceConfig?.InstanceType,
        'stoppingCondition.maxRuntimeInSeconds': input.StoppingCondition?.MaxRuntimeInSeconds,
      })) {
        if (!value)
          throw validation(
            `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
          )
      }
      if (
        input.EnableManagedSpotTraining &&
        !(input.StoppingCondition.MaxWaitTimeInSeconds >= input.StoppingCondition.MaxRuntimeInSeconds)
      ) {
        throw validation(
          'MaxWaitTimeInSeconds above 0 and no smaller than MaxRuntimeInSeconds is required with managed spot training.',
        )
      }
      const arn = store.arn('training-job', name)
      if (store.jobs.get(name)) {
        throw new AwsError(
          'ResourceInUse',
          `Training job names must be unique within an AWS account and region, and a training job with this name already exists (${arn})`,
        )
      }
      const now = new Date().toISOString()
      const job: TrainingJob = {
        name,
        request,
        status: 'InProgress',
        secondaryStatus: 'Starting',
        transitions: [{ Status: 'Starting', StartTime: now, StatusMessage: 'Starting the training job' }],
        created: now,
        modified: now,
        metrics: {},
      }
      putTags(store, arn, Tags)
      store.jobs.put(name, job)
      runner.start(job)
      return { TrainingJobArn: arn }
    },

    DescribeTrainingJob: ({ TrainingJobName }) => described(store, find(TrainingJobName)),

    ListTrainingJobs(input) {
      const { page, NextToken } = listed(
        store.jobs.entries().map(([, job]) => job),
        input,
        (job) => job.status,
      )
      const TrainingJobSummaries = page.map((job) => ({
        TrainingJobName: job.name,
        TrainingJobArn: store.arn('training-job', job.name),
        CreationTime: date(job.created),
        LastModifiedTime: date(job.modified),
        TrainingEndTime: date(job.ended),
        TrainingJobStatus: job.status,
        SecondaryStatus: job.secondaryStatus,
      }))
      return { TrainingJobSummaries, NextToken }
    },

    StopTrainingJob({ TrainingJobName }) {
      const job = find(TrainingJobName)
      if (job.status !== 'InProgress' && job.status !== 'Stopping') {
        throw validation(`The request was rejected because the training job is in status ${job.status}.`)
      }
      runner.stop(job.name)
      return {}
    },

    DeleteTrainingJob({ TrainingJobName }) {
      const job = find(TrainingJobName)
      if (job.status === 'InProgress' || job.status === 'Stopping') {
        throw validation(`The training job ${job.name} is in status ${job.status}: stop it first.`)
      }
      store.jobs.delete(job.name)
      return {}
    },
  }
}

function described(store: Store, job: TrainingJob) {
  const seconds =
    job.started && Math.round((Date.parse(job.ended ?? new Date().toISOString()) - Date.parse(job.started)) / 1000)
  return {
    ...job.request,
    TrainingJobArn: store.arn('training-job', job.name),
    TrainingJobStatus: job.status,
    SecondaryStatus: job.secondaryStatus,
    ...(job.failureReason && { FailureReason: job.failureReason }),
    ...(job.artifacts && { ModelArtifacts: { S3ModelArtifacts: job.artifacts } }),
    CreationTime: date(job.created),
    TrainingStartTime: date(job.started),
    TrainingEndTime: date(job.ended),
    LastModifiedTime: date(job.modified),
    SecondaryStatusTransitions: job.transitions.map((transition) => ({
      ...transition,
      StartTime: date(transition.StartTime),
      EndTime: date(transition.EndTime),
    })),
    FinalMetricDataList: Object.entries(job.metrics).map(([MetricName, { value, at }]) => ({
      MetricName,
      Value: value,
      Timestamp: date(at),
    })),
    ...(seconds !== undefined && { TrainingTimeInSeconds: seconds, BillableTimeInSeconds: seconds }),
  }
}
