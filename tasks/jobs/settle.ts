/** Ends the wait of a state whose job is over. Idempotent: events repeat, and the schedule asks again. */
import type { Logger } from '@aws-lambda-powertools/logger'
import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  SFNClient,
} from '@aws-sdk/client-sfn'
import { endJob, type NewJob, type OpenJob, openJob } from './job.ts'
import { type Outcome, outcomeOf } from './outcome.ts'

const states = new SFNClient({})

/** Limits of SendTaskFailure. */
const MAX_CAUSE = 32_768

/**
 * Stores a job that has just been started (or found), and completes it at once if it is over already: an event that came
 * before the token was stored found nobody waiting.
 */
export async function track(tableName: string, job: NewJob, log: Logger): Promise<void> {
  const { is } = await settle(tableName, await openJob(tableName, job), log)
  log.info('Tracks a job', { jobId: job.jobId, job: job.name, is })
}

/**
 * Asks what has become of the job; if it is over, tells the waiting state and closes the job.
 *
 * The state is told first: a crash between the two leaves an open job, which the next event or the schedule closes. A token
 * that Step Functions no longer knows belongs to a state that ended or was retried meanwhile, so there is nobody left to tell.
 */
export async function settle(tableName: string, job: OpenJob, log: Logger): Promise<Outcome> {
  const outcome = await outcomeOf(job)
  if (outcome.is === 'running') return outcome
  const told = await tell(job, outcome)
  await endJob(tableName, job, outcome.is)
  log.info('A job is over', { jobId: job.jobId, job: job.name, is: outcome.is, told })
  return outcome
}

async function tell(job: OpenJob, outcome: Exclude<Outcome, { is: 'running' }>): Promise<boolean> {
  return waits(() =>
    outcome.is === 'succeeded'
      ? states.send(new SendTaskSuccessCommand({ taskToken: job.token, output: JSON.stringify(outcome.output) }))
      : states.send(
          new SendTaskFailureCommand({
            taskToken: job.token,
            error: outcome.error,
            cause: outcome.cause.slice(0, MAX_CAUSE),
          }),
        ),
  )
}

/** Ends the wait of a state that turned out to have nothing to wait for. */
export async function complete(token: string, output: Record<string, unknown>): Promise<void> {
  await waits(() => states.send(new SendTaskSuccessCommand({ taskToken: token, output: JSON.stringify(output) })))
}

/** Tells the waiting state that its job still runs. @returns false when no state waits any more */
export function heartbeat(job: OpenJob): Promise<boolean> {
  return waits(() => states.send(new SendTaskHeartbeatCommand({ taskToken: job.token })))
}

async function waits(send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send()
    return true
  } catch (error) {
    if (['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'].includes((error as Error).name)) return false
    throw error
  }
}
