import { Logger } from '@aws-lambda-powertools/logger'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openJob } from '../../../tasks/jobs/job.ts'
import { releaseLock, takeLock, withLock } from '../../../tasks/jobs/lock.ts'
import { stopExecution } from '../../../tasks/jobs/stop.ts'
import { failure } from '../../support/cloud.ts'
import { execution, jobsTable, locksTable, startAws, type TestAws } from './aws.ts'
import { type Script, scriptServices } from './services.ts'

const [one, two, three] = ['run-1', 'run-2', 'run-3'].map((name) => execution(name).Id) as [string, string, string]
const tables = { locks: 'locks', jobs: 'jobs' }
const log = new Logger()
/** Long enough to look again, short enough not to be waited for. */
const PATIENCE_MS = 150

let aws: TestAws
let script: Script

beforeEach(async () => {
  aws = await startAws()
  await locksTable(aws.cloud)
  await jobsTable(aws.cloud)
  script = scriptServices(aws.cloud)
  for (const arn of [one, two, three]) script.executions.set(arn, 'RUNNING')
})
afterEach(async () => {
  vi.useRealTimers()
  await aws.close()
})

const take = (arn: string) => takeLock(tables, arn, log, PATIENCE_MS)
const write = <Result>(arn: string, work: () => Promise<Result>) =>
  withLock('locks', arn, 'CollectQuarter 1999Q1', work)
const rows = async () => (await aws.cloud.as('dynamodb', 'Scan', { TableName: 'locks' })).Items ?? []
const holders = async () => (await rows()).map(({ executionArn }: any) => executionArn.S)

describe('the lock of a workflow', () => {
  it('is taken by one execution, which may take it again', async () => {
    await take(one)
    await take(one)
    expect(await holders()).toEqual([one])
  })

  it('refuses another while its holder runs, naming the holder and what to do', async () => {
    await take(one)
    const error = await failure(() => take(two))
    expect(error).toMatchObject({ name: 'AnotherExecutionRuns' })
    expect(error.message).toContain(one)
    expect(error.message).toMatch(/Wait until it has ended or stop it/)
    expect(await holders()).toEqual([one])
  })

  it('belongs to one workflow: others have their own', async () => {
    const model = 'arn:aws:states:us-east-1:000000000000:execution:Model:run-1'
    await take(one)
    await take(model)
    expect((await holders()).toSorted()).toEqual([one, model].toSorted())
  })

  it.each(['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT', undefined])(
    'goes to the next when its execution is %s and nothing is left of it',
    async (status) => {
      await take(one)
      if (status) script.executions.set(one, status)
      else script.executions.delete(one)
      await take(two)
      expect(await holders()).toEqual([two])
    },
  )

  it('is kept for an execution that is about to be redriven', async () => {
    await take(one)
    script.executions.set(one, 'PENDING_REDRIVE')
    expect(await failure(() => take(two))).toMatchObject({ name: 'AnotherExecutionRuns' })
  })

  it('goes to one of many that want it at the same time', async () => {
    await take(one)
    script.executions.set(one, 'ABORTED')
    const outcomes = await Promise.allSettled([take(two), take(three)])
    const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? outcome.reason.name : []))
    expect(lost).toHaveLength(1)
    expect(['TransientError', 'AnotherExecutionRuns']).toContain(lost[0])
    expect(await holders()).toHaveLength(1)
  })

  it('is given back by its holder alone, and more than once', async () => {
    await take(one)
    await releaseLock('locks', two)
    expect(await failure(() => take(two))).toMatchObject({ name: 'AnotherExecutionRuns' })
    await releaseLock('locks', one)
    await releaseLock('locks', one)
    await take(two)
    expect(await holders()).toEqual([two])
  })

  it('is taken from a row of an earlier version, which had no turns', async () => {
    const Item = { workflow: { S: 'Batch' }, executionArn: { S: one }, takenAt: { S: '2026-11-22T12:00:00.000Z' } }
    await aws.cloud.as('dynamodb', 'PutItem', { TableName: 'locks', Item })
    script.executions.set(one, 'ABORTED')
    await take(two)
    expect(await holders()).toEqual([two])
  })
})

describe('the lock of an execution that was aborted', () => {
  const cluster = { Id: 'j-1', Name: 'Batch/run-1', state: 'RUNNING', steps: [] }

  it.each(['RUNNING', 'TERMINATING'])('is not taken over while its cluster is %s', async (state) => {
    await take(one)
    script.clusters.push({ ...cluster, state })
    script.executions.set(one, 'ABORTED')

    const error = await failure(() => take(two))

    // Nobody had told a running cluster to end: whoever wants the lock does.
    expect(script.clusters[0]?.state).toBe('TERMINATING')
    expect(error).toMatchObject({ name: 'PredecessorStopping' })
    expect(error.message).toMatch(/run-1 .*the cluster j-1 is TERMINATING.*Start a new execution/s)
    expect(await holders()).toEqual([one])
  })

  it('is taken over as soon as its cluster has ended', async () => {
    await take(one)
    script.clusters.push({ ...cluster })
    script.executions.set(one, 'ABORTED')
    const taken = takeLock(tables, two, log, 5_000)
    await vi.waitFor(() => expect(script.clusters[0]?.state).toBe('TERMINATING'), { timeout: 20_000 })
    expect(await holders()).toEqual([one])
    script.clusters[0]!.state = 'TERMINATED'
    await taken
    expect(await holders()).toEqual([two])
  })

  it('is not taken over while Redshift rolls its statement back', async () => {
    await take(one)
    const statement = { jobId: 'q-1', kind: 'statement' as const, name: 'run-1#LoadRedshift', state: 'LoadRedshift' }
    await openJob('jobs', { ...statement, executionArn: one, token: 'token-q' })
    script.statements.set('q-1', { Status: 'STARTED', name: statement.name, sqls: [] })
    script.executions.set(one, 'ABORTED')
    await stopExecution('jobs', one, log)
    script.statements.get('q-1')!.Status = 'STARTED'

    const error = await failure(() => take(two))
    expect(error).toMatchObject({ name: 'PredecessorStopping' })
    expect(error.message).toContain('the statement run-1#LoadRedshift (q-1) runs')

    script.statements.delete('q-1')
    await take(two)
  })

  it('is not taken over while a function of it still writes, and is when that is done', async () => {
    await take(one)
    const end = Promise.withResolvers<void>()
    const writing = write(one, () => end.promise)
    await vi.waitFor(async () => expect((await rows())[0].writers.M).not.toEqual({}), { timeout: 20_000 })
    script.executions.set(one, 'ABORTED')

    const error = await failure(() => take(two))
    expect(error).toMatchObject({ name: 'PredecessorStopping' })
    expect(error.message).toContain('CollectQuarter 1999Q1 works, until 20')

    end.resolve()
    await writing
    await take(two)
  })

  it('is taken over when a function of it was killed and its minute is over', async () => {
    await take(one)
    // Its process is gone: nobody renews the entry, nobody removes it.
    const ago = Date.now() - 1
    const Key = { workflow: { S: 'Batch' } }
    await aws.cloud.as('dynamodb', 'UpdateItem', {
      TableName: 'locks',
      Key,
      UpdateExpression: 'SET writers.#writer = :until',
      ExpressionAttributeNames: { '#writer': 'CollectQuarter 1999Q1' },
      ExpressionAttributeValues: { ':until': { N: String(ago) } },
    })
    script.executions.set(one, 'ABORTED')
    await take(two)
  })

  it('is not taken over by a decision that was made before it was redriven', async () => {
    await take(one)
    script.executions.set(one, 'ABORTED')
    // The other execution has looked, and sees nothing left; then the first one is redriven and works.
    const door = aws.cloud.call
    aws.cloud.call = async (principal, service, operation, input): Promise<any> => {
      if (operation === 'PutItem') {
        aws.cloud.call = door
        await write(one, async () => {})
      }
      return door(principal, service, operation, input)
    }
    expect(await failure(() => take(two))).toMatchObject({ name: 'TransientError' })
    expect(await holders()).toEqual([one])
  })
})

describe('work under the lock', () => {
  it('is done by the holder, whose entry goes when it is done or fails', async () => {
    await take(one)
    expect(await write(one, async () => 7)).toBe(7)
    const failing = write(one, async () => {
      throw new Error('no such luck')
    })
    expect(await failure(() => failing)).toMatchObject({ message: 'no such luck' })
    expect((await rows())[0].writers.M).toEqual({})
  })

  it('goes on in an execution that is redriven, also where the lock was given back', async () => {
    await take(one)
    await releaseLock('locks', one)
    expect(await write(one, async () => 7)).toBe(7)
    expect(await failure(() => take(two))).toMatchObject({ name: 'AnotherExecutionRuns' })
  })

  it.each(['runs', 'has ended'])(
    'is refused to an execution when another that %s had the lock since',
    async (state) => {
      await take(one)
      script.executions.set(one, 'ABORTED')
      await take(two)
      if (state === 'has ended') await releaseLock('locks', two)
      script.executions.set(one, 'RUNNING')
      const work = vi.fn()

      const error = await failure(() => write(one, work))

      expect(error).toMatchObject({ name: 'ExecutionSuperseded' })
      expect(error.message).toContain(two)
      expect(error.message).toContain('Start a new execution')
      expect(work).not.toHaveBeenCalled()
    },
  )

  it('renews its entry while it lasts', async () => {
    await take(one)
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    const end = Promise.withResolvers<void>()
    const writing = write(one, () => end.promise)
    const until = async () => Number(Object.values<any>((await rows())[0].writers.M)[0]?.N ?? 0)
    await vi.waitFor(async () => expect(await until()).toBeGreaterThan(0), { timeout: 20_000 })
    const first = await until()

    vi.advanceTimersByTime(20_000)

    await vi.waitFor(async () => expect(await until()).toBeGreaterThanOrEqual(first + 20_000), { timeout: 20_000 })
    end.resolve()
    await writing
  })
})
