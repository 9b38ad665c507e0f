import { describe, expect, it } from 'vitest'
import { realClock } from '../../../local/engines/states/clock.ts'
import { bench, invoke, only, shape, start, taskFailure } from './support.ts'

describe('Retry', () => {
  it('waits with back-off up to its longest delay, and counts attempts by retrier', async () => {
    // Prepare
    let attempts = 0
    const { run, calls } = bench(() => {
      if (++attempts < 5) throw taskFailure('Busy')
      return { done: true }
    })

    // Act
    const result = await run(
      only({
        Type: 'Task',
        Resource: invoke,
        Retry: [
          { ErrorEquals: ['Other'], MaxAttempts: 1 },
          { ErrorEquals: ['Busy'], IntervalSeconds: 2, BackoffRate: 3, MaxDelaySeconds: 10, MaxAttempts: 4 },
        ],
        End: true,
      }),
    )

    // Assess: 2 s, 6 s, then 10 s instead of 18 s and 54 s
    expect(result.value).toEqual({ done: true })
    expect(calls.map(({ at }) => at / 1000)).toEqual([0, 2, 8, 18, 28])
  })

  it('spreads delays with full jitter', async () => {
    const { run, calls } = bench(() => {
      throw taskFailure('Busy')
    })
    await run(
      only({
        Type: 'Task',
        Resource: invoke,
        Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, MaxAttempts: 1, JitterStrategy: 'FULL' }],
        End: true,
      }),
    )
    expect(calls.map(({ at }) => at / 1000)).toEqual([0, 5])
  })

  it('writes no event of its own', async () => {
    let attempts = 0
    const result = await bench(() => {
      if (++attempts === 1) throw taskFailure('Busy', 'later')
      return 1
    }).run(only({ Type: 'Task', Resource: invoke, Retry: [{ ErrorEquals: ['Busy'] }], End: true }))
    expect(shape(result.events)).toEqual([
      '1<-0 ExecutionStarted',
      '2<-0 TaskStateEntered',
      '3<-2 TaskScheduled',
      '4<-3 TaskStarted',
      '5<-4 TaskFailed',
      '6<-5 TaskScheduled',
      '7<-6 TaskStarted',
      '8<-7 TaskSucceeded',
      '9<-8 TaskStateExited',
      '10<-9 ExecutionSucceeded',
    ])
  })
})

describe('Catch', () => {
  const handled = (errors: string[]) => ({
    QueryLanguage: 'JSONata',
    StartAt: 'Work',
    States: {
      Work: {
        Type: 'Task',
        Resource: invoke,
        TimeoutSeconds: 1,
        Catch: [{ ErrorEquals: errors, Output: '{% $states.errorOutput %}', Next: 'Handler' }],
        End: true,
      },
      Handler: { Type: 'Pass', End: true },
    },
  })

  it('hands the error and its cause to the next state', async () => {
    const { value } = await bench(() => {
      throw taskFailure('Broken', 'by purpose')
    }).run(handled(['States.TaskFailed']))
    expect(value).toEqual({ Error: 'Broken', Cause: 'by purpose' })
  })

  it('takes a time-out as States.Timeout, but not as States.TaskFailed', async () => {
    const never = () => new Promise<never>(() => {})
    const ports = { clock: realClock }
    const caught = await bench(never, ports).run(handled(['States.Timeout']))
    const uncaught = await bench(never, ports).run(handled(['States.TaskFailed']))
    expect(caught.value).toEqual({ Error: 'States.Timeout', Cause: '' })
    expect(uncaught).toMatchObject({ status: 'FAILED', error: 'States.Timeout' })
  })

  it('does not take States.Runtime', async () => {
    const result = await bench().run({
      StartAt: 'Work',
      States: {
        Work: {
          Type: 'Task',
          Resource: invoke,
          InputPath: '$.missing',
          Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Handler' }],
          End: true,
        },
        Handler: { Type: 'Pass', End: true },
      },
    })
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' })
  })
})

describe('Parallel', () => {
  it('stops the other branches when one fails, and their states tell so', async () => {
    const result = await bench().run({
      QueryLanguage: 'JSONata',
      StartAt: 'Both',
      States: {
        Both: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 60, End: true } } },
            { StartAt: 'Fail', States: { Fail: { Type: 'Fail', Error: 'No', Cause: 'because' } } },
          ],
          End: true,
        },
      },
    })
    expect(result).toMatchObject({ status: 'FAILED', error: 'No', cause: 'because' })
    expect(result.events.map((event) => event.type)).toContain('WaitStateAborted')
  })
})

describe('Limits', () => {
  it('fails a state whose output is beyond 256 KiB', async () => {
    const result = await bench().run(only({ Type: 'Pass', Output: "{% $pad('', 262144, 'é') %}", End: true }))
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' })
  })

  it('ends an execution at the event quota', async () => {
    const { run } = bench(() => ({}), { maxEvents: 50 })
    const result = await run({
      QueryLanguage: 'JSONata',
      StartAt: 'A',
      States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } },
    })
    expect(result.cause).toBe('The execution reached the maximum number of history events (50).')
    expect(result.events).toHaveLength(50)
  })
})

describe('Heartbeats', () => {
  const waiting = only({
    Type: 'Task',
    Resource: `${invoke}.waitForTaskToken`,
    Arguments: { token: '{% $states.context.Task.Token %}' },
    HeartbeatSeconds: 10,
    End: true,
  })

  it('that stay away end the task as a time-out without a cause', async () => {
    const result = await bench().run(waiting)
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Timeout', stopTime: start + 10_000 })
    expect(result.cause).toBeUndefined()
    expect(result.events.at(-2)).toMatchObject({
      type: 'TaskTimedOut',
      taskTimedOutEventDetails: { error: 'States.Timeout' },
    })
  })

  it('that come keep it waiting', async () => {
    // Prepare
    const { engine, clock, run, calls } = bench()
    const beat = (times: number) =>
      clock.at(clock.now() + 8_000, () => {
        const { token } = calls[0]!.arguments as { token: string }
        if (times === 0) engine.callbacks.of(token).succeed('done')
        else {
          engine.callbacks.of(token).heartbeat()
          beat(times - 1)
        }
      })
    beat(3)

    // Act
    const result = await run(waiting)

    // Assess
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: '"done"', stopTime: start + 32_000 })
  })
})

describe('Activities', () => {
  const work = only({
    Type: 'Task',
    Resource: 'arn:aws:states:us-east-1:000000000000:activity:Work',
    HeartbeatSeconds: 60,
    End: true,
  })

  it('give their tasks to workers and take what they answer', async () => {
    const { engine, run } = bench(undefined, { hasActivity: () => true, clock: realClock })
    const running = run(work, { a: 1 })
    const task = await engine.activities.poll('arn:aws:states:us-east-1:000000000000:activity:Work', 'worker-1', 1_000)
    engine.callbacks.of(task!.token).succeed(task!.input)
    const { events, value } = await running
    expect(value).toBe('{"a":1}')
    expect(events.map((event) => event.type).slice(2, 5)).toEqual([
      'ActivityScheduled',
      'ActivityStarted',
      'ActivitySucceeded',
    ])
    expect(events[3]).toMatchObject({ activityStartedEventDetails: { workerName: 'worker-1' } })
  })

  it('that were deleted fail the execution', async () => {
    const result = await bench(undefined, { hasActivity: () => false }).run(work)
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' })
  })
})
