import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AwsError } from '../../../local/gateway/aws-error.ts'
import type { Service } from '../../../local/gateway/service.ts'
import { createStates } from '../../../local/services/states/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

const roleArn = 'arn:aws:iam::000000000000:role/machine'
const pass = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', Result: { ok: true }, End: true } } })
const invoke = (pattern = '') => ({
  QueryLanguage: 'JSONata',
  StartAt: 'Work',
  States: {
    Work: {
      Type: 'Task',
      Resource: `arn:aws:states:::lambda:invoke${pattern}`,
      Arguments: {
        FunctionName: 'work',
        Payload: {
          token: '{% $exists($states.context.Task.Token) ? $states.context.Task.Token : null %}',
          input: '{% $states.input %}',
        },
      },
      End: true,
    },
  },
})

let cloud: TestCloud
let service: Service
const events: any[] = []
let lambda: (payload: any) => unknown = (payload) => payload

/** The services around: a function that a test sets, and a bus that remembers. */
function surround(target: TestCloud): void {
  target.fake('lambda', {
    Invoke: async (input) => {
      const result = await lambda(JSON.parse(Buffer.from(input.Payload).toString()))
      return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: Buffer.from(JSON.stringify(result ?? null)) }
    },
  })
  target.fake('events', {
    PutEvents: (input) => {
      events.push(...input.Entries)
      return { FailedEntryCount: 0, Entries: [] }
    },
  })
}

const call = <T = any>(operation: string, input: object = {}) => cloud.as<T>('states', operation, input)

async function create(definition: unknown, more: object = {}): Promise<string> {
  const text = typeof definition === 'string' ? definition : JSON.stringify(definition)
  const { stateMachineArn } = await call('CreateStateMachine', { name: 'Machine', definition: text, roleArn, ...more })
  return stateMachineArn
}

async function until<T>(look: () => Promise<T> | T, holds: (value: T) => boolean): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const value = await look()
    if (holds(value)) return value
    await new Promise((resume) => setTimeout(resume, 5))
  }
  throw new Error('It did not come to hold.')
}

const ended = (executionArn: string) =>
  until(
    () => call('DescribeExecution', { executionArn }),
    (row: any) => row.status !== 'RUNNING',
  )

beforeEach(() => {
  cloud = testCloud()
  service = cloud.add(createStates(cloud))
  events.length = 0
  lambda = (payload) => payload
  surround(cloud)
})

afterEach(async () => {
  await cloud.dispose()
})

describe('StartExecution', () => {
  it('runs a machine and tells EventBridge how it stands', async () => {
    // Prepare
    const stateMachineArn = await create(pass)

    // Act
    const { executionArn } = await call('StartExecution', { stateMachineArn, name: 'one', input: '{"a": 1}' })
    const row = await ended(executionArn)
    await until(
      () => events,
      (list) => list.length === 2,
    )

    // Assess
    expect(row).toMatchObject({
      status: 'SUCCEEDED',
      input: '{"a": 1}',
      output: '{"ok":true}',
      name: 'one',
      redriveCount: 0,
    })
    expect(events.map((event) => JSON.parse(event.Detail).status)).toEqual(['RUNNING', 'SUCCEEDED'])
    expect(events[1]).toMatchObject({
      Source: 'aws.states',
      DetailType: 'Step Functions Execution Status Change',
      Resources: [executionArn],
    })
  })

  it('finds the running execution of the same name and input, and refuses others of that name', async () => {
    lambda = () => new Promise(() => {})
    const stateMachineArn = await create(invoke())
    const first = await call('StartExecution', { stateMachineArn, name: 'one', input: '{}' })
    const second = await call('StartExecution', { stateMachineArn, name: 'one', input: '{}' })
    const refused = await failure(() => call('StartExecution', { stateMachineArn, name: 'one', input: '{"b":1}' }))
    expect(second).toEqual(first)
    expect(refused).toMatchObject({
      name: 'ExecutionAlreadyExists',
      message: `Execution Already Exists: '${first.executionArn}'`,
    })
  })

  it('acts as the role of the machine', async () => {
    const stateMachineArn = await create(invoke())
    await ended((await call('StartExecution', { stateMachineArn, name: 'one' })).executionArn)
    const invoked = cloud.calls.find((entry) => entry.service === 'lambda')!
    expect(invoked.principal.roleArn).toBe(roleArn)
  })
})

describe('Callbacks', () => {
  it('end the task that waits for the token, also when they come before its call has answered', async () => {
    // Prepare: the function completes its own task at once
    lambda = async ({ token }) => {
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
    lambda = (payload) => {
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
    lambda = (payload) => {
      token = payload.token
    }
    const stateMachineArn = await create(invoke('.waitForTaskToken'))
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    await until(
      () => call('GetExecutionHistory', { executionArn }),
      ({ events: list }: any) => list.at(-1).type === 'TaskSubmitted',
    )
    await cloud.as('states', 'ListStateMachines')

    // Act: a new process over the same data
    const restarted = cloud.restart()
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

describe('StopExecution', () => {
  it('aborts an execution', async () => {
    lambda = () => new Promise(() => {})
    const stateMachineArn = await create(invoke())
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    await call('StopExecution', { executionArn, error: 'Enough', cause: 'of it' })
    const { events: history } = await call('GetExecutionHistory', { executionArn, reverseOrder: true, maxResults: 1 })
    expect(await ended(executionArn)).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'of it' })
    expect(history[0]).toMatchObject({ type: 'ExecutionAborted', previousEventId: 0 })
  })
})

describe('Lists', () => {
  it('come in pages, the newest execution first, and by status', async () => {
    const stateMachineArn = await create(pass)
    for (const name of ['a', 'b', 'c']) {
      await ended((await call('StartExecution', { stateMachineArn, name })).executionArn)
      await new Promise((resume) => setTimeout(resume, 2))
    }
    const first = await call('ListExecutions', { stateMachineArn, maxResults: 2 })
    const second = await call('ListExecutions', { stateMachineArn, maxResults: 2, nextToken: first.nextToken })
    expect([...first.executions, ...second.executions].map((row: any) => row.name)).toEqual(['c', 'b', 'a'])
    expect(second.nextToken).toBeUndefined()
    expect((await call('ListExecutions', { stateMachineArn, statusFilter: 'FAILED' })).executions).toEqual([])
    expect((await failure(() => call('ListExecutions', { stateMachineArn, nextToken: 'x' }))).name).toBe('InvalidToken')
  })
})

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

describe('Service integrations', () => {
  const one = (Resource: string, Arguments: object) => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Call',
    States: { Call: { Type: 'Task', Resource, Arguments, End: true } },
  })
  const run = async (definition: object) =>
    ended((await call('StartExecution', { stateMachineArn: await create(definition) })).executionArn)

  it('put events with the execution as their source, and their detail as JSON text', async () => {
    const row = await run(
      one('arn:aws:states:::events:putEvents', { Entries: [{ Source: 'me', DetailType: 'Done', Detail: { a: 1 } }] }),
    )
    expect(row.status).toBe('SUCCEEDED')
    expect(events.find((event) => event.Source === 'me')).toMatchObject({
      Detail: '{"a":1}',
      Resources: [row.stateMachineArn, row.executionArn],
    })
  })

  it('read and write objects by the AWS SDK', async () => {
    const put: Record<string, string> = {}
    cloud.fake('s3', {
      PutObject: ({ Key, Body }) => {
        put[Key] = Buffer.from(Body).toString()
        return { ETag: '"1"' }
      },
      GetObject: ({ Key }) => ({ Body: Readable.from([Buffer.from(put[Key]!)]), ContentLength: put[Key]!.length }),
    })
    const written = await run(one('arn:aws:states:::aws-sdk:s3:putObject', { Bucket: 'b', Key: 'k', Body: { a: 1 } }))
    await call('DeleteStateMachine', { stateMachineArn: written.stateMachineArn })
    const read = await run(one('arn:aws:states:::aws-sdk:s3:getObject', { Bucket: 'b', Key: 'k' }))
    expect(JSON.parse(written.output)).toEqual({ ETag: '"1"' })
    expect(JSON.parse(read.output)).toEqual({ Body: '{"a":1}', ContentLength: 7 })
  })

  it('name the errors of a service as AWS does', async () => {
    cloud.fake('dynamodb', {
      GetItem: () => {
        throw new AwsError('ResourceNotFoundException', 'Requested resource not found')
      },
    })
    const row = await run(one('arn:aws:states:::dynamodb:getItem', { TableName: 't', Key: { a: { S: '1' } } }))
    expect(row.error).toBe('DynamoDB.ResourceNotFoundException')
    expect(row.cause).toContain('Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 404;')
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
    await service.close?.()
    const restarted = cloud.restart()
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

describe('Distributed Map', () => {
  const distributed = (reader: object, more: object = {}) => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Each',
    States: {
      Each: {
        Type: 'Map',
        ItemReader: reader,
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'One',
          States: { One: { Type: 'Pass', End: true } },
        },
        Label: 'Each',
        ...more,
        End: true,
      },
    },
  })
  const s3 = (files: Record<string, string>, put: Record<string, string> = {}) =>
    cloud.fake('s3', {
      GetObject: ({ Key }) => ({ Body: Readable.from([Buffer.from(files[Key]!)]) }),
      PutObject: ({ Key, Body }) => {
        put[Key] = Buffer.from(Body).toString()
        return {}
      },
    })
  const reader = (InputType: string, Key: string) => ({
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: { InputType, CSVHeaderLocation: 'FIRST_ROW' },
    Arguments: { Bucket: 'b', Key },
  })

  it('reads CSV, JSON and JSON lines, each item an execution of the map run', async () => {
    s3({ 'a.csv': 'x,y\n1,2\n3,4\n', 'a.json': '[1,2]', 'a.jsonl': '{"a":1}\n{"a":2}\n' })
    const outputs: unknown[] = []
    for (const [type, key] of [
      ['CSV', 'a.csv'],
      ['JSON', 'a.json'],
      ['JSONL', 'a.jsonl'],
    ] as const) {
      const stateMachineArn = await create(distributed(reader(type, key)), { name: type })
      const { executionArn } = await call('StartExecution', { stateMachineArn })
      outputs.push(JSON.parse((await ended(executionArn)).output))
      const { mapRuns } = await call('ListMapRuns', { executionArn })
      const { executions } = await call('ListExecutions', { mapRunArn: mapRuns[0].mapRunArn })
      const run = await call('DescribeMapRun', { mapRunArn: mapRuns[0].mapRunArn })
      expect(executions).toHaveLength(2)
      expect(run).toMatchObject({ status: 'SUCCEEDED', itemCounts: { succeeded: 2, total: 2, failed: 0 } })
    }
    expect(outputs).toEqual([
      [
        { x: '1', y: '2' },
        { x: '3', y: '4' },
      ],
      [1, 2],
      [{ a: 1 }, { a: 2 }],
    ])
  })

  it('batches items and writes results with a manifest', async () => {
    const put: Record<string, string> = {}
    s3({ 'a.json': '[1,2,3]' }, put)
    const stateMachineArn = await create(
      distributed(reader('JSON', 'a.json'), {
        ItemBatcher: { MaxItemsPerBatch: 2, BatchInput: { shared: true } },
        ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Arguments: { Bucket: 'out', Prefix: 'runs' } },
      }),
    )
    const { executionArn } = await call('StartExecution', { stateMachineArn })
    const { ResultWriterDetails } = JSON.parse((await ended(executionArn)).output)
    const manifest = JSON.parse(put[ResultWriterDetails.Key]!)
    const results = JSON.parse(put[manifest.ResultFiles.SUCCEEDED[0].Key]!)
    expect(results.map((result: any) => JSON.parse(result.Output))).toEqual([
      { BatchInput: { shared: true }, Items: [1, 2] },
      { BatchInput: { shared: true }, Items: [3] },
    ])
  })

  it('fails when more items fail than it tolerates', async () => {
    const run = async (count: number) => {
      const fail = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'No' } } }
      const stateMachineArn = await create(
        {
          StartAt: 'Each',
          States: {
            Each: {
              Type: 'Map',
              ToleratedFailureCount: count,
              ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' }, ...fail },
              End: true,
            },
          },
        },
        { name: `M${count}` },
      )
      return ended((await call('StartExecution', { stateMachineArn, input: '[1,2]' })).executionArn)
    }
    expect((await run(2)).status).toBe('SUCCEEDED')
    expect(await run(1)).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' })
  })
})

describe('Express machines', () => {
  it('answer StartSyncExecution with their output', async () => {
    const stateMachineArn = await create(pass, { type: 'EXPRESS' })
    const answer = await call('StartSyncExecution', { stateMachineArn, input: '{}' })
    expect(answer).toMatchObject({
      status: 'SUCCEEDED',
      output: '{"ok":true}',
      billingDetails: { billedMemoryUsedInMB: 64 },
    })
  })
})

describe('Logging', () => {
  it('sends the events of an execution to its log group, without data unless asked', async () => {
    const lines: any[] = []
    cloud.fake('logs', {
      CreateLogStream: () => ({}),
      PutLogEvents: ({ logGroupName, logEvents }) => {
        lines.push(...logEvents.map((event: any) => ({ logGroupName, ...JSON.parse(event.message) })))
        return {}
      },
    })
    const logGroupArn = 'arn:aws:logs:us-east-1:000000000000:log-group:machines:*'
    const stateMachineArn = await create(pass, {
      loggingConfiguration: { level: 'ALL', destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }] },
    })
    await ended((await call('StartExecution', { stateMachineArn })).executionArn)
    await until(
      () => lines,
      (list) => list.length === 4,
    )
    expect(lines[0]).toMatchObject({ logGroupName: 'machines', type: 'ExecutionStarted', details: { roleArn } })
    expect(lines[0].details.input).toBeUndefined()
  })
})

describe('AWS::StepFunctions::StateMachine', () => {
  it('takes the definition from an asset, with its substitutions, and updates it at the next boot', async () => {
    // Prepare
    const file = join(cloud.dataDir, 'definition.json')
    writeFileSync(file, pass.replace('true', '"${Value}"'))
    cloud.assets.set('assets/definition.json', file)
    const properties = {
      StateMachineName: 'FromTemplate',
      RoleArn: roleArn,
      DefinitionS3Location: { Bucket: 'assets', Key: 'definition.json' },
      DefinitionSubstitutions: { Value: 'said "yes"' },
    }

    // Act
    const first = await cloud.deploy('AWS::StepFunctions::StateMachine', 'Machine', properties)
    const second = await cloud.deploy('AWS::StepFunctions::StateMachine', 'Machine', {
      ...properties,
      DefinitionSubstitutions: { Value: 'no' },
    })
    const described = await call('DescribeStateMachine', { stateMachineArn: first.ref })

    // Assess
    expect(second.ref).toBe(first.ref)
    expect(JSON.parse(described.definition).States.A.Result).toEqual({ ok: 'no' })
    await cloud.undeploy('Machine')
    expect((await failure(() => call('DescribeStateMachine', { stateMachineArn: first.ref }))).name).toBe(
      'StateMachineDoesNotExist',
    )
  })
})
