import { describe, expect, it } from 'vitest'
import { createStates } from '../../../../local/services/states/index.ts'
import { failure } from '../../../support/cloud.ts'
import { aServiceForEachTest, call, create, ended, invoke, surround, until, world } from './support.ts'

aServiceForEachTest()

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
    await call('SendTaskFailure', { taskToken: token, error: 'No', cause: 'why' })
    const again = await failure(() => call('SendTaskSuccess', { taskToken: token, output: '1' }))
    expect(await ended(executionArn)).toMatchObject({ status: 'FAILED', error: 'No', cause: 'why' })
    expect(again.name).toBe('TaskTimedOut')
    expect((await failure(() => call('SendTaskHeartbeat', { taskToken: 'x' }))).name).toBe('InvalidToken')
  })

  it('are still awaited after a restart', async () => {
    // Prepare
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
    await world.cloud.as('states', 'ListStateMachines')

    // Act: a new process over the same data
    const restarted = world.cloud.restart()
    surround(restarted)
    const service = restarted.add(createStates(restarted))
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
})
