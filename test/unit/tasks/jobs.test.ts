import { Logger } from '@aws-lambda-powertools/logger'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { handler as cancelJobs } from '../../../tasks/jobs/cancel-jobs.ts'
import { handler as completeJob } from '../../../tasks/jobs/complete-job.ts'
import { jobById, type NewJob, openJob, openJobs } from '../../../tasks/jobs/job.ts'
import { handler as reconcileJobs } from '../../../tasks/jobs/reconcile-jobs.ts'
import { track } from '../../../tasks/jobs/settle.ts'
import { failure } from '../../support/cloud.ts'
import { execution, invoke, jobsTable, startAws, type TestAws } from './aws.ts'
import { type Script, scriptServices } from './services.ts'

const executionArn = execution().Id
const cluster: NewJob = {
  jobId: 'j-1',
  kind: 'cluster',
  name: 'Batch/run-1',
  state: 'CreateCluster',
  executionArn,
  clusterId: 'j-1',
  token: 'token-c',
}
const step: NewJob = {
  jobId: 's-1',
  kind: 'step',
  name: 'run-1#CountRecords',
  state: 'CountRecords',
  executionArn,
  clusterId: 'j-1',
  token: 'token-s',
}
const statement: NewJob = {
  jobId: 'q-1',
  kind: 'statement',
  name: 'run-1#LoadRedshift#1999Q1',
  state: 'LoadRedshift',
  executionArn,
  token: 'token-q',
}
const log = new Logger()

let aws: TestAws
let script: Script

beforeEach(async () => {
  aws = await startAws()
  await jobsTable(aws.cloud)
  script = scriptServices(aws.cloud)
  script.clusters.push({
    Id: 'j-1',
    Name: 'Batch/run-1',
    state: 'RUNNING',
    steps: [{ Id: 's-1', Name: step.name, state: 'RUNNING', args: [] }],
  })
  script.statements.set('q-1', { Status: 'STARTED', name: statement.name, sqls: [] })
})
afterEach(() => aws.close())

const environment = { JOBS_TABLE: 'jobs' }
const stepEvent = (state: string) => ({
  'detail-type': 'EMR Step Status Change',
  detail: { stepId: 's-1', clusterId: 'j-1', state },
})
const clusterEvent = (state: string) => ({
  'detail-type': 'EMR Cluster State Change',
  detail: { clusterId: 'j-1', state },
})
const statementEvent = (state: string) => ({
  'detail-type': 'Redshift Data Statement Status Change',
  detail: { statementId: 'q-1', state },
})
const complete = (event: object) => invoke(completeJob, event, environment)
const setStep = (state: string, FailureDetails?: object) =>
  Object.assign(script.clusters[0]!.steps[0]!, { state, FailureDetails })

describe('track', () => {
  it('keeps the token of a job that runs', async () => {
    await track('jobs', step, log)
    expect(script.answers).toEqual([])
    expect(await jobById('jobs', 's-1')).toMatchObject({ status: 'open', token: 'token-s', executionArn })
    expect((await jobById('jobs', 's-1'))?.expiresAt).toBeGreaterThan(Date.now() / 1000 + 16 * 24 * 3600)
  })

  it('completes a job that was over before its token was stored', async () => {
    setStep('COMPLETED')
    await track('jobs', step, log)
    expect(script.answers).toEqual([{ token: 'token-s', is: 'success', output: { stepId: 's-1', clusterId: 'j-1' } }])
    const row = await jobById('jobs', 's-1')
    expect(row).toMatchObject({ status: 'succeeded' })
    expect(row?.token).toBeUndefined()
  })
})

describe('complete-job', () => {
  it('ends the wait for a step, once, however often the event comes', async () => {
    await openJob('jobs', step)
    setStep('COMPLETED')
    for (let i = 0; i < 3; i++) await complete(stepEvent('COMPLETED'))
    expect(script.answers).toHaveLength(1)
  })

  it('tells EMR’s reason and where the log is when a step failed', async () => {
    await openJob('jobs', step)
    setStep('FAILED', {
      Reason: 'Unknown Error.',
      Message: 'ParseException line 3:7',
      LogFile: 's3://logs/emr/j-1/steps/s-1/stderr.gz',
    })
    await complete(stepEvent('FAILED'))
    expect(script.answers).toMatchObject([{ token: 'token-s', is: 'failure', error: 'HiveStepFailed' }])
    for (const part of [
      'run-1#CountRecords',
      's-1',
      'j-1',
      'ParseException line 3:7',
      's3://logs/emr/j-1/steps/s-1/stderr.gz',
    ]) {
      expect(script.answers[0]?.cause).toContain(part)
    }
    expect(await jobById('jobs', 's-1')).toMatchObject({ status: 'failed' })
  })

  it.each(['WAITING', 'RUNNING'])('ends the wait for a cluster that is %s', async (state) => {
    await openJob('jobs', cluster)
    script.clusters[0]!.state = state
    await complete(clusterEvent('WAITING'))
    expect(script.answers).toEqual([{ token: 'token-c', is: 'success', output: { clusterId: 'j-1' } }])
  })

  it('fails every open job of a cluster that ended with errors', async () => {
    await openJob('jobs', cluster)
    await complete(clusterEvent('WAITING'))
    await openJob('jobs', step)
    script.clusters[0]!.state = 'TERMINATED_WITH_ERRORS'
    await complete(clusterEvent('TERMINATED_WITH_ERRORS'))
    expect(script.answers[1]).toMatchObject({ token: 'token-s', is: 'failure', error: 'ClusterFailed' })
    expect(script.answers[1]?.cause).toContain('The master node was lost')
    expect(await openJobs('jobs')).toEqual([])
  })

  it('fails a cluster that never came up', async () => {
    await openJob('jobs', cluster)
    script.clusters[0]!.state = 'TERMINATED_WITH_ERRORS'
    await complete(clusterEvent('TERMINATED_WITH_ERRORS'))
    expect(script.answers).toMatchObject([{ token: 'token-c', is: 'failure', error: 'ClusterFailed' }])
  })

  it.each([
    ['FINISHED', { is: 'success', output: { statementId: 'q-1' } }],
    ['FAILED', { is: 'failure', error: 'RedshiftStatementFailed' }],
    ['ABORTED', { is: 'failure', error: 'RedshiftStatementAborted' }],
  ])('ends the wait for a statement that is %s', async (state, answer) => {
    await openJob('jobs', statement)
    Object.assign(script.statements.get('q-1')!, { Status: state, Error: 'ERROR: Spectrum Scan Error.' })
    await complete(statementEvent(state))
    expect(script.answers).toMatchObject([{ token: 'token-q', ...answer }])
    if (state === 'FAILED') expect(script.answers[0]?.cause).toContain('ERROR: Spectrum Scan Error.')
  })

  it('leaves jobs alone that are none of ours', async () => {
    await complete(stepEvent('COMPLETED'))
    await complete(clusterEvent('TERMINATED'))
    await complete(statementEvent('FINISHED'))
    expect(script.answers).toEqual([])
  })

  it('asks to be called again when the service does not know yet what its event says', async () => {
    for (const job of [step, statement]) await openJob('jobs', job)
    expect(await failure(() => complete(statementEvent('FINISHED')))).toMatchObject({ name: 'TransientError' })
    expect(await failure(() => complete(stepEvent('COMPLETED')))).toMatchObject({ name: 'TransientError' })
    expect(await openJobs('jobs')).toHaveLength(2)
  })

  it('closes a job whose state waits no more', async () => {
    await openJob('jobs', step)
    setStep('COMPLETED')
    script.dead.add('token-s')
    await complete(stepEvent('COMPLETED'))
    expect(await openJobs('jobs')).toEqual([])
  })

  it('keeps the new token of a retried state when the old one is closed', async () => {
    const old = await openJob('jobs', step)
    await openJob('jobs', { ...step, token: 'token-2' })
    const { endJob } = await import('../../../tasks/jobs/job.ts')
    await endJob('jobs', old, 'succeeded')
    expect(await jobById('jobs', 's-1')).toMatchObject({ status: 'open', token: 'token-2' })
  })

  it('refuses an event that it does not know', async () => {
    expect(await failure(() => complete({ 'detail-type': 'Other', detail: {} }))).toMatchObject({
      name: 'ValidationError',
    })
  })
})

describe('reconcile-jobs', () => {
  const reconcile = () => invoke(reconcileJobs, {}, environment)

  it('completes the jobs whose event was lost, and tells the others’ states that they run', async () => {
    await openJob('jobs', step)
    await openJob('jobs', statement)
    setStep('COMPLETED')
    expect(await reconcile()).toEqual({ settled: 1, running: 1, stopped: 0, failed: 0 })
    expect(script.answers.map(({ token, is }) => `${token} ${is}`).toSorted()).toEqual([
      'token-q heartbeat',
      'token-s success',
    ])
    expect((await openJobs('jobs')).map(({ jobId }) => jobId)).toEqual(['q-1'])
  })

  it('stops the jobs for which no state waits any more', async () => {
    for (const job of [step, statement]) await openJob('jobs', job)
    for (const token of ['token-s', 'token-q']) script.dead.add(token)
    expect(await reconcile()).toEqual({ settled: 0, running: 0, stopped: 2, failed: 0 })
    expect(script.clusters[0]?.steps[0]?.state).toBe('CANCELLED')
    expect(script.statements.get('q-1')?.Status).toBe('ABORTED')
    expect(await openJobs('jobs')).toEqual([])
  })

  it('keeps the heartbeat of the others when one job cannot be asked about, and then fails', async () => {
    await openJob('jobs', { ...step, jobId: 's-unknown', token: 'token-u' })
    await openJob('jobs', statement)
    expect(await failure(reconcile)).toMatchObject({ name: 'InvalidRequestException' })
    expect(script.answers).toEqual([{ token: 'token-q', is: 'heartbeat' }])
  })
})

describe('cancel-jobs', () => {
  const cancel = () =>
    invoke<{ clusters: string[] }>(cancelJobs, { detail: { executionArn, status: 'ABORTED' } }, environment)

  it('stops the steps, statements and clusters of an aborted execution, and of no other', async () => {
    for (const job of [step, statement]) await openJob('jobs', job)
    script.clusters.push({ Id: 'j-2', Name: 'Batch/run-1#2', state: 'STARTING', steps: [] })
    script.clusters.push({ Id: 'j-3', Name: 'Batch/run-10', state: 'RUNNING', steps: [] })
    expect(await cancel()).toEqual({ clusters: ['j-1', 'j-2'] })
    expect(script.clusters.map(({ state }) => state)).toEqual(['TERMINATING', 'TERMINATING', 'RUNNING'])
    expect(script.statements.get('q-1')?.Status).toBe('ABORTED')
    expect(await openJobs('jobs')).toEqual([])
    expect(script.answers).toEqual([])
  })

  it('does nothing the second time', async () => {
    await openJob('jobs', statement)
    await cancel()
    expect(await cancel()).toEqual({ clusters: [] })
  })

  it('leaves an execution alone that was redriven before the event came', async () => {
    script.executions.set(executionArn, 'RUNNING')
    for (const job of [step, statement]) await openJob('jobs', job)
    expect(await cancel()).toEqual({ clusters: [] })
    expect(script.clusters[0]?.state).toBe('RUNNING')
    expect(await openJobs('jobs')).toHaveLength(2)
  })

  it('passes over a statement that ended meanwhile', async () => {
    await openJob('jobs', statement)
    script.statements.get('q-1')!.Status = 'FINISHED'
    await cancel()
    expect(script.statements.get('q-1')?.Status).toBe('FINISHED')
    expect(await openJobs('jobs')).toEqual([])
  })
})

describe('task tokens', () => {
  it('never come into the log, in success, failure or error', async () => {
    const written: string[] = []
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        written.push(String(chunk))
        return true
      }),
    )
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'DEBUG')
    vi.resetModules()
    try {
      const loud = await import('../../../tasks/jobs/complete-job.ts')
      const { handler: reconcile } = await import('../../../tasks/jobs/reconcile-jobs.ts')
      await openJob('jobs', step)
      await openJob('jobs', statement)
      await failure(() => invoke(loud.handler, statementEvent('FINISHED'), environment))
      setStep('FAILED')
      await invoke(loud.handler, stepEvent('FAILED'), environment)
      script.dead.add('token-q')
      await invoke(reconcile, {}, environment)
    } finally {
      for (const spy of spies) spy.mockRestore()
      vi.unstubAllEnvs()
    }
    expect(written.join('')).toContain('A job is over')
    expect(written.join('')).not.toMatch(/token-[sq]/)
  })
})
