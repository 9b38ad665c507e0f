/**
 * Events that come early or again: of every job that is open, one says that it is over. The function that asks about it then has to. By itself it
 * asks only when its event comes before the task that started the job has looked, and who is first depends on the machine.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Running } from './running.ts'

const EVERY_MS = 20

/** The events that tell of the end of a job, by its kind. */
const END: Record<string, (id: string) => { 'detail-type': string; detail: object }> = {
  cluster: (clusterId) => ({ 'detail-type': 'EMR Cluster State Change', detail: { clusterId, state: 'WAITING' } }),
  step: (stepId) => ({ 'detail-type': 'EMR Step Status Change', detail: { stepId, state: 'COMPLETED' } }),
  statement: (statementId) => ({
    'detail-type': 'Redshift Data Statement Status Change',
    detail: { statementId, state: 'FINISHED' },
  }),
}

/** Calls complete-job, which may fail: a job that still runs is an error to it, so that Lambda tries again. */
export async function remind({ cloud: { cloud, outputs } }: Running): Promise<void> {
  const ask = (service: string, operation: string, input: object = {}) =>
    cloud.call<any>(cloud.admin, service, operation, input)
  const { Functions } = await ask('lambda', 'ListFunctions')
  const { FunctionName } = Functions.find(({ Description }: any) => Description === 'tasks/jobs/complete-job.ts')
  const { Items = [] } = await ask('dynamodb', 'Scan', { TableName: outputs.JobsTableName! })
  for (const { jobId, kind, status } of Items) {
    if (status?.S !== 'open') continue
    await ask('lambda', 'Invoke', { FunctionName, Payload: Buffer.from(JSON.stringify(END[kind.S]!(jobId.S))) })
  }
}

/** Reminds of open jobs until the execution has ended. */
export async function endReminded(running: Running, executionArn: string) {
  let over = false
  const ended = running.end(executionArn).finally(() => {
    over = true
  })
  for (; !over; await sleep(EVERY_MS)) await remind(running)
  return ended
}
