import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { machineRole, startWire, type Wire } from '../support/wire.ts'

let wire: Wire

beforeAll(async () => {
  wire = await startWire({ Machine: machineRole.resource }, undefined, {}, { fast: true })
})
afterAll(() => wire.close())

it('lets a workflow wait for a year in no time', async () => {
  const states = new SFNClient(wire.options)
  const aYear = 31_000_000
  const definition = JSON.stringify({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: aYear, End: true } } })
  const machine = new CreateStateMachineCommand({ name: 'Patient', definition, roleArn: machineRole.arn })
  const { stateMachineArn } = await states.send(machine)

  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn }))

  const describe = () => states.send(new DescribeExecutionCommand({ executionArn }))
  await expect.poll(async () => (await describe()).status).toBe('SUCCEEDED')
  const { startDate, stopDate } = await describe()
  // The start is told by the machine's clock, the end by the simulated one, which began with the cloud.
  expect(stopDate!.getTime() - startDate!.getTime()).toBeGreaterThan((aYear - 60) * 1000)
  states.destroy()
})
