/**
 * Called by a schedule: completes the jobs whose event was lost, tells waiting states that their jobs still run, and stops the jobs for
 * which no state waits any more.
 */
import { z } from 'zod'
import { typed } from '../errors.ts'
import { required, task } from '../task.ts'
import { type OpenJob, openJobs } from './job.ts'
import { heartbeat, settle } from './settle.ts'
import { stopJob } from './stop.ts'

export const handler = task({
  name: 'ReconcileJobs',
  input: z.unknown(),
  environment: z.object({ JOBS_TABLE: required }),
  async run({ env, log, signal }) {
    const done = { settled: 0, running: 0, stopped: 0, failed: 0 }
    let failure: Error | undefined
    const reconcile = async (job: OpenJob): Promise<'settled' | 'running' | 'stopped'> => {
      const { is } = await settle(env.JOBS_TABLE, job, log)
      if (is !== 'running') return 'settled'
      if (await heartbeat(job)) return 'running'
      await stopJob(env.JOBS_TABLE, job, log)
      return 'stopped'
    }
    for (const job of await openJobs(env.JOBS_TABLE)) {
      signal.throwIfAborted()
      try {
        done[await reconcile(job)]++
      } catch (error) {
        // One job that cannot be asked about must not keep the heartbeat from the others.
        failure ??= typed(error)
        done.failed++
        log.error('Could not reconcile a job', { jobId: job.jobId, job: job.name, reason: (error as Error).message })
      }
    }
    log.info('Reconciled the open jobs', done)
    if (failure) throw failure
    return done
  },
})
