import { existsSync, readFileSync } from 'node:fs'
import jsonata from 'jsonata'
import { describe, expect, it } from 'vitest'
import { allStates, expressions, machines, next, reachable, readDefinition } from './definition.ts'

const { text, definition } = readDefinition('batch')
const states = allStates(definition)
const tasks = states.filter(({ state }) => state.Type === 'Task')
const jobs = tasks.filter(({ state }) => state.Resource?.endsWith('.waitForTaskToken'))
const root = new URL('../../../', import.meta.url)
const substitutions = [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name))]
const kebab = (name: string) => name.replaceAll(/(?<=.)[A-Z]/g, '-$&').toLowerCase()

/** The rows of the first table of tasks/batch/README.md: seconds that each function may run. */
const timeouts = new Map(
  [...readFileSync(new URL('tasks/batch/README.md', root), 'utf8').matchAll(/^\| (\w+) +\| (\d+) +\| \d/gm)].map(
    ([, name = '', seconds]) => [name, Number(seconds)],
  ),
)

/** What AWS advises to retry, and throttling. https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html */
const PASSING = [
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.TooManyRequestsException',
  'TransientError',
]

describe('every task of the batch workflow', () => {
  it.each(tasks)('$name is a function of its own file', ({ name, state }) => {
    const [, substitution = ''] = /^\$\{(\w+)\}$/.exec(state.Arguments?.FunctionName ?? '') ?? []
    expect(state.Resource).toMatch(/^arn:aws:states:::lambda:invoke(\.waitForTaskToken)?$/)
    expect(substitution).toBe(name === 'CleanUp' ? 'TerminateCluster' : name)
    const file = new URL(`tasks/batch/${kebab(substitution)}.ts`, root)
    expect(existsSync(file)).toBe(true)
    expect(readFileSync(file, 'utf8')).toContain('export const handler')
  })

  it.each(tasks)('$name waits longer than its function may run', ({ name, state }) => {
    const seconds = timeouts.get(name === 'CleanUp' ? 'TerminateCluster' : name)
    expect(seconds).toBeTypeOf('number')
    expect(state.TimeoutSeconds).toBeGreaterThan(seconds ?? 0)
    expect(state.TimeoutSeconds).toBeLessThan(definition.TimeoutSeconds)
  })

  it.each(tasks)('$name retries what can pass, with jitter', ({ name, state }) => {
    const [retrier, ...others] = state.Retry ?? []
    // A cluster of the last execution may take minutes to end.
    expect(others.map(({ ErrorEquals }) => ErrorEquals)).toEqual(
      name === 'ListArchives' ? [['PredecessorStopping']] : [],
    )
    expect(retrier?.ErrorEquals).toEqual(PASSING)
    expect(retrier).toMatchObject({ JitterStrategy: 'FULL', MaxDelaySeconds: 60 })
  })

  it.each(tasks)('$name, or what it is inside of, catches what cannot', ({ state, around }) => {
    const catchers = [state, ...around].flatMap((one) => one.Catch ?? [])
    expect(catchers.some((catcher) => catcher.ErrorEquals.join() === 'States.ALL')).toBe(true)
  })

  it('names exactly the functions that README.md lists', () => {
    const listed = [...timeouts.keys()].filter((name) => !name.includes('-'))
    expect(substitutions.toSorted()).toEqual(listed.toSorted())
  })
})

describe('a long job', () => {
  it.each(jobs)('$name hands its token, execution and state over, and hears of it in time', ({ state }) => {
    expect(state.Arguments?.Payload).toMatchObject({
      execution: '{% $states.context.Execution %}',
      state: '{% $states.context.State.Name %}',
      token: '{% $states.context.Task.Token %}',
    })
    // reconcile-jobs sends heartbeats every 5 minutes: three may be lost.
    expect(state.HeartbeatSeconds).toBeGreaterThanOrEqual(4 * 300)
    expect(state.HeartbeatSeconds).toBeLessThan(state.TimeoutSeconds ?? 0)
  })

  it('is what each state with a token is, and nothing else has a token', () => {
    for (const { name, state } of tasks) {
      const hasToken = JSON.stringify(state.Arguments).includes('Task.Token')
      expect([name, hasToken]).toEqual([name, jobs.some((job) => job.name === name)])
    }
  })
})

describe('the way through the states', () => {
  it('leads to every state, and only to states that are there', () => {
    for (const machine of machines(definition)) {
      expect([...reachable(machine, machine.StartAt)].toSorted()).toEqual(Object.keys(machine.States).toSorted())
      for (const state of Object.values(machine.States))
        for (const name of next(state)) expect(machine.States).toHaveProperty(name)
    }
  })

  it('gives every state a name of its own', () => {
    expect(new Set(states.map(({ name }) => name)).size).toBe(states.length)
  })

  it('terminates the cluster on every way from its creation to an end', () => {
    const loose = reachable(definition, 'CreateCluster', { without: ['TerminateCluster', 'CleanUp'] })
    for (const name of loose) expect([name, definition.States[name]?.End ?? false]).toEqual([name, false])
    expect(loose).not.toContain('Failed')
  })

  it('ends every failure in the clean-up, a notice and a Fail that names the cause', () => {
    const everyCatch = Object.values(definition.States).flatMap((state) => state.Catch ?? [])
    const all = everyCatch
      .filter((catcher) => catcher.ErrorEquals.join() === 'States.ALL')
      .map((catcher) => catcher.Next)
    expect(new Set(all)).toEqual(new Set(['CleanUp', 'NotifyFailure', 'Failed']))
    expect([...reachable(definition, 'CleanUp')]).toEqual(['CleanUp', 'NotifyFailure', 'Failed'])
    expect(definition.States.Failed).toEqual({
      Type: 'Fail',
      Error: '{% $failure.Error %}',
      Cause: '{% $failure.Cause %}',
    })
  })

  it('makes a cluster anew when a step finds none', () => {
    const steps = Object.entries(definition.States).filter(([, state]) =>
      JSON.stringify(state.Arguments ?? '').includes('$clusterId'),
    )
    expect(steps.map(([name]) => name)).toEqual([
      'CreateTables',
      'ProcessOrigination',
      'ProcessPerformance',
      'CountRecords',
    ])
    for (const [, state] of steps)
      expect(state.Catch?.[0]).toMatchObject({ ErrorEquals: ['ClusterMissing'], Next: 'CreateCluster' })
  })

  it('goes past the cluster when nothing is to be processed, and past everything when nothing is new', () => {
    expect(reachable(definition, 'LoadStores')).not.toContain('CreateCluster')
    expect(next(definition.States.IsClusterNeeded!)).toEqual(['Report', 'ClearQuarters', 'LoadStores'])
    expect(next(definition.States.IsAnythingNew!)).toEqual(['Report', 'CollectQuarters'])
  })
})

describe('the expressions', () => {
  const all = expressions(definition)

  it('are JSONata as AWS runs it (2.0.6)', () => {
    expect(all.length).toBeGreaterThan(30)
    for (const expression of all) {
      expect(() => jsonata(expression)).not.toThrow()
      expect(expression).not.toMatch(/\?\?|\?:|\$eval\b/)
    }
  })

  const plan = {
    archives: [{ quarter: '1999Q1' }, { quarter: '1999Q2' }],
    collect: ['1999Q2'],
    process: [],
    load: ['1999Q1', '1999Q2'],
    stores: { mysql: true, redshift: false },
  }
  const evaluate = (expression: string, bindings: object) =>
    jsonata(expression.slice(2, -2)).evaluate({}, { states: {}, ...bindings })
  const field = (name: string, key: string): any => (states.find((one) => one.name === name) as any).state[key]

  it('collect the archives that are to be collected: none, one or more', async () => {
    for (const collect of [[], ['1999Q2'], ['1999Q1', '1999Q2']]) {
      const items = await evaluate(field('CollectQuarters', 'Items'), { plan: { ...plan, collect } })
      expect(JSON.parse(JSON.stringify(items))).toEqual(collect.map((quarter) => ({ quarter })))
    }
  })

  it('choose by what is left to do', async () => {
    const choose = (name: string, left: object) =>
      evaluate(field(name, 'Choices')[0].Condition, { plan: { ...plan, ...left } })
    expect(await choose('IsAnythingNew', {})).toBe(true)
    expect(await choose('IsAnythingNew', { load: [] })).toBe(false)
    expect(await choose('IsClusterNeeded', {})).toBe(false)
    expect(await choose('IsClusterNeeded', { process: ['1999Q1'] })).toBe(true)
    expect(await choose('IsMysqlWanted', {})).toBe(true)
    expect(await choose('IsRedshiftWanted', {})).toBe(false)
  })

  it('measure MySQL after all loads, or give null without it', async () => {
    expect(next(definition.States.LoadStores!)).toContain('IsMysqlLoaded')
    const [{ Condition }] = field('IsMysqlLoaded', 'Choices')
    expect(await evaluate(Condition, { plan })).toBe(true)
    expect(field('IsMysqlLoaded', 'Assign')).toEqual({ mysqlMeasures: null })
    const measures = { '1999Q1': '3|', '1999Q2': '4|' }
    const { mysqlMeasures } = field('MeasureMysql', 'Assign')
    expect(await evaluate(mysqlMeasures, { states: { result: { Payload: { measures } } } })).toEqual(measures)
  })

  it('hand the execution to every task that writes what others write too: it must hold the lock', () => {
    const writers = tasks.filter(({ name }) => {
      const file = new URL(`tasks/batch/${kebab(name)}.ts`, root)
      return existsSync(file) && /\b(writer|runScript)\(/.test(readFileSync(file, 'utf8'))
    })
    expect(writers).toHaveLength(13)
    for (const { name, state } of writers)
      expect([name, state.Arguments?.Payload?.execution]).toEqual([name, '{% $states.context.Execution %}'])
  })

  it('carry error, cause and state to the notice', async () => {
    const catcher = field('LoadStores', 'Catch')[0]
    const context = { State: { Name: 'LoadStores' } }
    const failure = await evaluate(catcher.Assign.failure, {
      states: { errorOutput: { Error: 'E', Cause: 'c' }, context },
    })
    expect(failure).toEqual({ Error: 'E', Cause: 'c', State: 'LoadStores' })
    const told = await evaluate(field('NotifyFailure', 'Assign').failure, {
      failure,
      states: { result: { Payload: { cause: 'told' } } },
    })
    expect(told).toEqual({ Error: 'E', Cause: 'told', State: 'LoadStores' })
  })
})
