import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allStates, readDefinition } from './definition.ts'
import { Failed, type Play, run } from './run.ts'

const active = { stream: 'ACTIVE', deliveryStreams: 'ACTIVE', application: 'RUNNING', gone: false }

/** Functions as they are when all goes well. */
const functions = (more: Record<string, Play> = {}): Record<string, Play> => ({
  CreateStream: () => ({ stream: 'users', adopted: false }),
  DescribeResources: () => active,
  DiscoverSchema: () => ({ records: 500, fields: 30, schema: 's3://r/schema.json', ready: true }),
  CreateDeliveryStreams: () => ({ deliveryStreams: ['u', 'e', 'c'], adopted: [] }),
  CreateApplication: () => ({ application: 'users', adopted: false, updated: false }),
  StartApplication: () => ({ application: 'users', started: true }),
  SendProbes: () => ({ sentAt: '2026-01-01T00:00:00.000Z', good: 5, bad: 3 }),
  CheckProbes: () => ({ good: 5, bad: 3, of: 8, arrived: true }),
  Report: () => ({ stream: 'users', report: { json: 's3://r/report.json' } }),
  TearDown: () => ({ left: [], done: true }),
  NotifyFailure: ({ failure }) => ({ cause: `State ${failure.State}: ${failure.Cause}` }),
  ...more,
})

/** Answers one after the other; the last one for good. */
function inTurn(...answers: unknown[]): Play {
  let next = 0
  return () => answers[Math.min(next++, answers.length - 1)]
}

describe('the stream workflow', () => {
  it('creates, discovers, delivers, starts, proves and reports', async () => {
    const { status, output, calls } = await run('stream', functions())
    expect(status).toBe('SUCCEEDED')
    expect(output.report).toEqual({ json: 's3://r/report.json' })
    expect(calls.map(({ name }) => name)).toEqual([
      'CreateStream',
      'DescribeResources',
      'DiscoverSchema',
      'CreateDeliveryStreams',
      'DescribeResources',
      'CreateApplication',
      'StartApplication',
      'DescribeResources',
      'SendProbes',
      'CheckProbes',
      'Report',
    ])
    expect(calls.at(-1)!.payload).toMatchObject({ probes: { arrived: true }, schema: { records: 500 } })
  })

  it('waits for each of them as long as it takes', async () => {
    const { status, calls } = await run(
      'stream',
      functions({
        DescribeResources: inTurn(
          { ...active, stream: 'CREATING' },
          active,
          { ...active, deliveryStreams: 'CREATING' },
          active,
          { ...active, application: 'STARTING' },
          active,
        ),
        DiscoverSchema: inTurn({ records: 0, ready: false }, { records: 12, fields: 3, schema: 's', ready: true }),
        CheckProbes: inTurn({ good: 5, bad: 0, of: 8, arrived: false }, { good: 5, bad: 3, of: 8, arrived: true }),
      }),
    )
    expect(status).toBe('SUCCEEDED')
    expect(calls.filter(({ name }) => name === 'DescribeResources')).toHaveLength(6)
  })

  it.each([
    ['a schema that drifted', { DiscoverSchema: () => new Failed('SchemaDrift') }, 'SchemaDrift', /SchemaDrift it is/],
    ['no live records', { DiscoverSchema: () => ({ records: 3, ready: false }) }, 'RecordsMissing', /Only 3 records/],
    [
      'a stream that never comes',
      { DescribeResources: () => ({ ...active, stream: 'CREATING' }) },
      'ResourceTimedOut',
      /CREATING/,
    ],
    [
      'a script that Flink refuses',
      { DescribeResources: () => ({ ...active, application: 'READY', failure: 'FlinkSqlSyntaxError: 3:1: no' }) },
      'ApplicationFailed',
      /FlinkSqlSyntaxError/,
    ],
    [
      'probes that get lost',
      { CheckProbes: () => ({ good: 5, bad: 0, of: 8, arrived: false }) },
      'ProbesMissing',
      /5 good and 0 bad/,
    ],
  ])('fails over %s, takes down what it made and tells', async (_what, more, error, cause) => {
    const found = await run(
      'stream',
      functions({ ...more, TearDown: inTurn({ left: ['stream users'], done: false }, { left: [], done: true }) }),
    )
    expect(found.status).toBe('FAILED')
    expect(found.error).toBe(error)
    expect(found.cause).toMatch(cause)
    const cleanUps = found.calls.filter(({ name }) => name === 'TearDown')
    expect(cleanUps).toHaveLength(2)
    expect(cleanUps[0]!.payload).toMatchObject({ madeBy: cleanUps[0]!.payload.execution.Id })
    expect(found.calls.at(-1)!.name).toBe('NotifyFailure')
  })
})

describe('the teardown', () => {
  it('goes on until nothing is left', async () => {
    const { status, output, calls } = await run('stream-teardown', {
      TearDown: inTurn(
        { left: ['application users'], done: false },
        { left: ['stream users'], done: false },
        { left: [], done: true },
      ),
    })
    expect(status).toBe('SUCCEEDED')
    expect(output).toEqual({ left: [] })
    expect(calls).toHaveLength(3)
  })

  it('takes what one execution has made, where it is told so', async () => {
    const tearDown = { TearDown: () => ({ left: [], done: true }) }
    const madeBy = 'arn:aws:states:us-east-1:000000000000:execution:Stream:aborted'
    const [of, all] = [await run('stream-teardown', tearDown, { madeBy }), await run('stream-teardown', tearDown)]
    expect(of.calls[0]!.payload).toMatchObject({ madeBy })
    expect(Object.keys(all.calls[0]!.payload)).toEqual(['execution'])
  })

  it('says what it could not delete', async () => {
    const { status, error, cause } = await run(
      'stream-teardown',
      functions({ TearDown: () => ({ left: ['stream users'], done: false }) }),
    )
    expect(status).toBe('FAILED')
    expect(error).toBe('TearDownTimedOut')
    expect(cause).toMatch(/stream users/)
  })
})

describe('every task of the stream workflows', () => {
  const root = new URL('../../../', import.meta.url)
  const readme = readFileSync(new URL('tasks/stream/README.md', root), 'utf8')
  const timeouts = new Map(
    [...readme.matchAll(/^\| (\w+) +\| (\d+) +\| \d/gm)].map(([, name = '', seconds]) => [name, Number(seconds)]),
  )
  const kebab = (name: string) => name.replaceAll(/(?<=.)[A-Z]/g, '-$&').toLowerCase()
  const tasks = ['stream', 'stream-teardown'].flatMap((name) =>
    allStates(readDefinition(name).definition)
      .filter(({ state }) => state.Type === 'Task')
      .map(({ name: stateName, state }) => ({ machine: name, stateName, state })),
  )

  it.each(tasks)(
    '$machine $stateName is a function of its own file, retried, caught, and given a little more time than it has',
    ({ state }) => {
      const [, name = ''] = /^\$\{(\w+)\}$/.exec(state.Arguments?.FunctionName ?? '') ?? []
      const file = new URL(`tasks/stream/${kebab(name)}.ts`, root)
      expect(existsSync(file), name).toBe(true)
      expect(readFileSync(file, 'utf8')).toContain('export const handler')
      expect(state.Retry?.[0]?.ErrorEquals).toContain('TransientError')
      expect(state.Catch?.at(-1)?.ErrorEquals).toEqual(['States.ALL'])
      expect(state.TimeoutSeconds).toBeGreaterThan(timeouts.get(name) ?? Number.POSITIVE_INFINITY)
    },
  )
})
