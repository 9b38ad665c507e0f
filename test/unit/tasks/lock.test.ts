import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { releaseLock, takeLock } from '../../../tasks/jobs/lock.ts'
import { failure } from '../../support/cloud.ts'
import { execution, locksTable, startAws, type TestAws } from './aws.ts'
import { type Script, scriptServices } from './services.ts'

const [one, two, three] = ['run-1', 'run-2', 'run-3'].map((name) => execution(name).Id) as [string, string, string]

let aws: TestAws
let script: Script

beforeEach(async () => {
  aws = await startAws()
  await locksTable(aws.cloud)
  script = scriptServices(aws.cloud)
  for (const arn of [one, two, three]) script.executions.set(arn, 'RUNNING')
})
afterEach(() => aws.close())

const take = (arn: string) => takeLock('locks', arn)
const holders = async () => {
  const { Items = [] } = await aws.cloud.as('dynamodb', 'Scan', { TableName: 'locks' })
  return Items.map(({ executionArn }: any) => executionArn.S)
}

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
    'counts for nothing when its execution is %s',
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
    expect(await holders()).toEqual([one])
    await releaseLock('locks', one)
    await releaseLock('locks', one)
    expect(await holders()).toEqual([])
    await take(two)
  })
})
