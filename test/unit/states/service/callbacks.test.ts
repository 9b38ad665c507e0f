import { describe, expect, it } from 'vitest'
import { createStates } from '../../../../local/services/states/index.ts'
import { failure } from '../../../support/cloud.ts'
import { aServiceForEachTest, call, create, ended, invoke, surround, until, world } from './support.ts'

aServiceForEachTest()

/** An execution whose task was handed over, and the token that it waits for. */
async function submitted(): Promise<{ executionArn: string; token: string }> {
  let token = ''
  world.lambda = (payload) => {
    token = payload.token
  }
  const stateMachineArn = await create(invoke('.waitForTaskToken'))
  const { executionArn } = await call('StartExecution', { stateMachineArn })
  await until(
    () => call('GetExecutionHistory', { executionArn }),
    ({ events: list }: any) => list.at(-1).type === 'TaskSubmitted',
  )
  return { executionArn, token }
}

/** A new process over the same data; its service is not started yet. */
function reboot() {
  const cloud = world.cloud.restart()
  surround(cloud)
  return { cloud, service: cloud.add(createStates(cloud)) }
}

describe('Callbacks', () => {
  it('end the task that waits for the token, also when they come before its call has answered', async () => {
    // Prepare: the function completes its own task at once
    world.lambda = async ({ token }) => {
      await call('SendTaskSuccess', { taskToken: token, output: '{"done":1}' })
    }
    const stateMachineArn = await create(invoke('.waitForTaskToken'))

    // Act
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    const row = await ended(executionArn)
    const { events: history } = await call('GetExecutionHistory', { executionArn })

    // Assess
    expect(row.output).toBe('{"done":1}')
    expect(history.map((event: any) => event.type)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ])
  })

  it('fail the task, once', async () => {
    const { executionArn, token } = await submitted()
    await call('SendTaskFailure', { taskToken: token, error: 'No', cause: 'why' })
    const again = await failure(() => call('SendTaskSuccess', { taskToken: token, output: '1' }))
    expect(await ended(executionArn)).toMatchObject({ status: 'FAILED', error: 'No', cause: 'why' })
    expect(again.name).toBe('TaskTimedOut')
    expect((await failure(() => call('SendTaskHeartbeat', { taskToken: 'x' }))).name).toBe('InvalidToken')
  })

  it('are still awaited after a restart', async () => {
    // Prepare
    const { executionArn, token } = await submitted()
    await world.cloud.as('states', 'ListStateMachines')

    // Act: a new process over the same data
    const { cloud: restarted, service } = reboot()
    await service.start?.()
    await restarted.as('states', 'SendTaskSuccess', { taskToken: token, output: '"late"' })
    const row = await until(
      () => restarted.as('states', 'DescribeExecution', { executionArn }),
      (value: any) => value.status !== 'RUNNING',
    )

    // Assess
    expect(row.output).toBe('"late"')
    await service.close?.()
  })

  it('that come after a restart before the execution goes on wait for it', async () => {
    // Prepare
    const { executionArn, token } = await submitted()
    const { cloud: restarted, service } = reboot()

    // Act: another service, started sooner, announces the end of the job
    const sent = restarted.as('states', 'SendTaskSuccess', { taskToken: token, output: '"early"' })
    await service.start?.()
    await sent

    // Assess
    const row = await until(
      () => restarted.as('states', 'DescribeExecution', { executionArn }),
      (value: any) => value.status !== 'RUNNING',
    )
    expect(row.output).toBe('"early"')
    await service.close?.()
  })
})

describe('The end of an execution', () => {
  const ends = (list: any[]) =>
    list.map(({ Detail }) => JSON.parse(Detail)).filter(({ status }) => status !== 'RUNNING')

  it('that nobody was told of before the process ended is told of after a restart, once', async () => {
    // Prepare: the bus does not answer, and the process is killed
    world.cloud.fake('events', { PutEvents: () => new Promise(() => {}) })
    const stateMachineArn = await create(invoke())
    const { executionArn } = await call('StartExecution', { stateMachineArn, input: '"in"' })
    await ended(executionArn)

    for (const expected of [[{ executionArn, status: 'SUCCEEDED', input: '"in"' }], []]) {
      // Act
      world.cloud = world.cloud.restart()
      world.events = []
      surround(world.cloud)
      const service = world.cloud.add(createStates(world.cloud))
      await service.start?.()
      await service.drain?.()

      // Assess
      expect(ends(world.events)).toMatchObject(expected)
      expect(ends(world.events)).toHaveLength(expected.length)
    }
  })

  it('is told of before the service is drained', async () => {
    world.cloud.fake('events', {
      PutEvents: async ({ Entries }) => {
        await new Promise((resume) => setTimeout(resume, 30))
        world.events.push(...Entries)
        return { FailedEntryCount: 0, Entries: [] }
      },
    })
    const { executionArn } = await call('StartExecution', { stateMachineArn: await create(invoke()) })
    await ended(executionArn)
    expect(await world.service.drain?.()).toBe(true)
    expect(ends(world.events)).toMatchObject([{ executionArn, status: 'SUCCEEDED' }])
    expect(await world.service.drain?.()).toBe(false)
  })
})
