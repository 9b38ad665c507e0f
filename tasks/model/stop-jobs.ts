/** After a failure: stops the training jobs that the execution left running. */
import { z } from 'zod'
import { stopOpenJobs } from '../jobs/stop.ts'
import { executionSchema, required, task } from '../task.ts'

export const handler = task({
  name: 'StopJobs',
  input: z.object({ execution: executionSchema }),
  environment: z.object({ JOBS_TABLE: required }),
  run: async ({ input: { execution }, env, log }) => ({
    stopped: await stopOpenJobs(env.JOBS_TABLE, execution.arn, log),
  }),
})
