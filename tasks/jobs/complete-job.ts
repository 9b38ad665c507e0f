/**
 * Called by EventBridge when a cluster, a step, a Redshift statement, a training job or an endpoint has changed its state: ends the wait of the state that started it.
 * Events are best-effort, may repeat and may be of jobs that are none of ours; so the event only tells where to look.
 */
import { z } from 'zod'
import { TransientError } from '../errors.ts'
import { required, task } from '../task.ts'
import { isOpen, type Job, jobById, jobsOfExecution, type OpenJob } from './job.ts'
import { settle } from './settle.ts'

const eventSchema = z.discriminatedUnion('detail-type', [
  z.object({
    'detail-type': z.literal('EMR Step Status Change'),
    detail: z.object({ stepId: z.string(), state: z.string() }),
  }),
  z.object({
    'detail-type': z.literal('EMR Cluster State Change'),
    detail: z.object({ clusterId: z.string(), state: z.string() }),
  }),
  z.object({
    'detail-type': z.literal('Redshift Data Statement Status Change'),
    detail: z.object({ statementId: z.string(), state: z.string() }),
  }),
  z.object({
    'detail-type': z.literal('SageMaker Training Job State Change'),
    detail: z
      .object({ TrainingJobName: z.string(), TrainingJobStatus: z.string() })
      .transform(({ TrainingJobName, TrainingJobStatus }) => ({ name: TrainingJobName, state: TrainingJobStatus })),
  }),
  z.object({
    'detail-type': z.literal('SageMaker Endpoint State Change'),
    detail: z
      .object({ EndpointName: z.string(), EndpointStatus: z.string() })
      .transform(({ EndpointName, EndpointStatus }) => ({ name: EndpointName, state: EndpointStatus })),
  }),
])

export const handler = task({
  name: 'CompleteJob',
  input: eventSchema,
  environment: z.object({ JOBS_TABLE: required }),
  async run({ input: event, env, log }) {
    const { state } = event.detail
    for (const job of await concerned(env.JOBS_TABLE, event)) {
      const { is } = await settle(env.JOBS_TABLE, job, log)
      // The event is ahead of what the service answers: ask again (Lambda retries an event twice, and the schedule after that).
      if (is === 'running') {
        throw new TransientError(`${job.name} (${job.jobId}) is said to be ${state}, but is described as running.`)
      }
    }
  },
})

/** The open jobs that an event may have ended. A cluster that ends takes all its steps with it. */
async function concerned(tableName: string, event: z.output<typeof eventSchema>): Promise<OpenJob[]> {
  const { detail } = event
  const jobId = idOf(detail)
  const job = await jobById(tableName, jobId)
  if (!job) return []
  const jobs: Job[] = [job]
  if (job.kind === 'cluster' && detail.state.startsWith('TERMINAT')) {
    const others = await jobsOfExecution(tableName, job.executionArn)
    jobs.push(...others.filter((other) => other.clusterId === jobId && other.jobId !== jobId))
  }
  return jobs.filter(isOpen)
}

function idOf(detail: z.output<typeof eventSchema>['detail']): string {
  if ('stepId' in detail) return detail.stepId
  if ('clusterId' in detail) return detail.clusterId
  return 'statementId' in detail ? detail.statementId : detail.name
}
