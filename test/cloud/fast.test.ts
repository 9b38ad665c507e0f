import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { boot, type RunningCloud } from '../../local/boot.ts'

let folder: string
let cloud: RunningCloud

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-fast-'))
  const stack = { type: 'aws:cloudformation:stack', properties: { templateFile: 'S.template.json' } }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ artifacts: { S: stack } }))
  const trust = {
    Statement: { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' },
  }
  const role = { Type: 'AWS::IAM::Role', Properties: { RoleName: 'Waiter', AssumeRolePolicyDocument: trust } }
  writeFileSync(join(folder, 'S.template.json'), JSON.stringify({ Resources: { Role: role } }))
  cloud = await boot({ assembly: folder, dataDir: join(folder, 'data'), port: 0, fast: true })
})
afterAll(async () => {
  await cloud.close()
  rmSync(folder, { recursive: true, force: true })
})

it('lets a workflow wait for a year in no time', async () => {
  const states = new SFNClient({
    endpoint: cloud.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  })
  const definition = JSON.stringify({
    StartAt: 'Wait',
    States: { Wait: { Type: 'Wait', Seconds: 31_000_000, End: true } },
  })
  const roleArn = 'arn:aws:iam::000000000000:role/Waiter'
  const { stateMachineArn } = await states.send(new CreateStateMachineCommand({ name: 'Patient', definition, roleArn }))

  const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn }))

  const describe = () => states.send(new DescribeExecutionCommand({ executionArn }))
  await expect.poll(async () => (await describe()).status, { timeout: 5000 }).toBe('SUCCEEDED')
  const { startDate, stopDate } = await describe()
  // The start is told by the machine's clock, the end by the simulated one, which began with the cloud.
  const aYear = 31_000_000_000
  expect(stopDate!.getTime() - startDate!.getTime()).toBeGreaterThan(aYear - 60_000)
  states.destroy()
})
