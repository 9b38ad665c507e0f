/**
 * Called by EventBridge when an execution was aborted, timed out, or failed past every Catch: nothing of it is left running, and another may start.
 */
import { z } from 'zod'
import { required, task } from '../task.ts'
import { releaseLock } from './lock.ts'
import { stopExecution } from './stop.ts'

export const handler = task({
  name: 'CancelJobs',
  input: z.object({ detail: z.object({ executionArn: z.string(), status: z.string() }) }),
  environment: z.object({ JOBS_TABLE: required, LOCKS_TABLE: required }),
  async run({ input: { detail }, env, log }) {
    log.info('Stops what an execution left', { executionArn: detail.executionArn, status: detail.status })
    const clusters = await stopExecution(env.JOBS_TABLE, detail.executionArn, log)
    await releaseLock(env.LOCKS_TABLE, detail.executionArn)
    return { clusters }
  },
})
