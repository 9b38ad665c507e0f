/**
 * Called by EventBridge when an execution was aborted, timed out, or failed past every Catch: nothing of it is left running. The event may come late: an
 * execution that was redriven meanwhile goes on.
 */
import { z } from 'zod'
import { required, task } from '../task.ts'
import { isRunning } from './execution.ts'
import { stopExecution } from './stop.ts'

export const handler = task({
  name: 'CancelJobs',
  input: z.object({ detail: z.object({ executionArn: z.string(), status: z.string() }) }),
  environment: z.object({ JOBS_TABLE: required }),
  async run({ input: { detail }, env, log }) {
    if (await isRunning(detail.executionArn)) {
      log.info('Leaves an execution alone that goes on', { executionArn: detail.executionArn, told: detail.status })
      return { clusters: [] }
    }
    log.info('Stops what an execution left', { executionArn: detail.executionArn, status: detail.status })
    return { clusters: await stopExecution(env.JOBS_TABLE, detail.executionArn, log) }
  },
})
