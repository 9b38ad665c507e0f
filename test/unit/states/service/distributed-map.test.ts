import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { aServiceForEachTest, call, create, ended, world } from './support.ts'

aServiceForEachTest()

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
    world.cloud.fake('s3', {
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
