/** Stops the execution's open jobs and terminates its clusters: in success when Hive is done, in failure at once. */
import { z } from 'zod'
import { stopExecution } from '../jobs/stop.ts'
import { executionSchema, required, task } from '../task.ts'

export const handler = task({
  name: 'TerminateCluster',
  input: z.object({ execution: executionSchema }),
  environment: z.object({ JOBS_TABLE: required }),
  run: async ({ input: { execution }, env, log }) => ({
    clusters: await stopExecution(env.JOBS_TABLE, execution.arn, log),
  }),
})
