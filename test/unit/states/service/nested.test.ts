import { describe, expect, it } from 'vitest'
import { createStates } from '../../../../local/services/states/index.ts'
import { aServiceForEachTest, call, create, surround, until, world } from './support.ts'

aServiceForEachTest()

describe('Nested executions', () => {
  it('are awaited, and stopped with their parent', async () => {
    const child = await create(
      { StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 600, End: true } } },
      { name: 'Child' },
    )
    const parent = await create(
      {
        QueryLanguage: 'JSONata',
        StartAt: 'Run',
        States: {
          Run: {
            Type: 'Task',
            Resource: 'arn:aws:states:::states:startExecution.sync:2',
            Arguments: { StateMachineArn: child, Input: { a: 1 } },
            End: true,
          },
        },
      },
      { name: 'Parent' },
    )
    const { executionArn } = await call('StartExecution', { stateMachineArn: parent })
    await until(
      () => call('ListExecutions', { stateMachineArn: child }),
      ({ executions }: any) => executions.length === 1,
    )
    await call('StopExecution', { executionArn })
    const stopped = await until(
      () => call('ListExecutions', { stateMachineArn: child }),
      ({ executions }: any) => executions[0].status !== 'RUNNING',
    )
    expect(stopped.executions[0].status).toBe('ABORTED')
  })
})

describe('A restart', () => {
  it('leaves nested executions running, and their parents waiting for them', async () => {
    // Prepare
    const child = await create(
      {
        StartAt: 'W',
        States: { W: { Type: 'Wait', Seconds: 1, Next: 'E' }, E: { Type: 'Pass', Result: 7, End: true } },
      },
      { name: 'Child' },
    )
    const run = {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: { StateMachineArn: child },
      Output: '{% $states.result.Output %}',
      End: true,
    }
    const each = {
      Type: 'Map',
      Items: [1, 2],
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Run',
        States: { Run: run },
      },
      End: true,
    }
    const parent = await create(
      { QueryLanguage: 'JSONata', StartAt: 'Each', States: { Each: each } },
      { name: 'Parent' },
    )
    const { executionArn } = await call('StartExecution', { stateMachineArn: parent })
    await until(
      () => call('ListExecutions', { stateMachineArn: child }),
      ({ executions }: any) => executions.length === 2,
    )

    // Act
    await world.service.close?.()
    const restarted = world.cloud.restart()
    surround(restarted)
    const second = restarted.add(createStates(restarted))
    await second.start?.()
    const row = await until(
      () => restarted.as('states', 'DescribeExecution', { executionArn }),
      (value: any) => value.status !== 'RUNNING',
    )

    // Assess
    const { executions } = await restarted.as('states', 'ListExecutions', { stateMachineArn: child })
    expect(row).toMatchObject({ status: 'SUCCEEDED', output: '[7,7]' })
    expect(executions.map((execution: any) => execution.status)).toEqual(['SUCCEEDED', 'SUCCEEDED'])
    await second.close?.()
  })
})
