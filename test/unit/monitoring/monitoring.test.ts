import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Service } from '../../../local/gateway/service.ts'
import { createMonitoring } from '../../../local/services/monitoring/index.ts'
import { evaluate } from '../../../local/services/monitoring/math.ts'
import type { Series } from '../../../local/services/monitoring/metrics.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let house: Service
const now = new Date('2026-01-01T00:10:00Z')
const minute = (count: number) => new Date(now.getTime() + count * 60_000)
const call = (operation: string, input: object = {}) => cloud.as('monitoring', operation, input)
const Dimensions = [{ Name: 'StateMachineArn', Value: 'M' }]
const states = () => cloud.servicePrincipal('states.amazonaws.com')
const failed = (Value: number, Timestamp = new Date()) =>
  cloud.call(states(), 'monitoring', 'PutMetricData', {
    Namespace: 'AWS/States',
    MetricData: [{ MetricName: 'ExecutionsFailed', Dimensions, Value, Timestamp }],
  })
const topic = 'arn:aws:sns:us-east-1:000000000000:failures'
const alarm = {
  AlarmName: 'BatchLost',
  AlarmActions: [topic],
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  EvaluationPeriods: 1,
  Threshold: 1,
  TreatMissingData: 'notBreaching',
  Namespace: 'AWS/States',
  MetricName: 'ExecutionsFailed',
  Dimensions,
  Statistic: 'Sum',
  Period: 300,
}
const stateOf = async (AlarmNames: string[]) =>
  (await call('DescribeAlarms', { AlarmNames })).MetricAlarms[0].StateValue
const published = () => cloud.calls.filter((one) => one.service === 'sns').map((one) => one.input)

beforeEach(() => {
  vi.useFakeTimers({ now })
  cloud = testCloud()
  house = cloud.add(createMonitoring(cloud))
  cloud.fake('sns', { Publish: () => ({ MessageId: 'm' }) })
  cloud.fake('events', { PutEvents: () => ({ FailedEntryCount: 0 }) })
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.dispose()
})

describe('metrics', () => {
  const put = (...MetricData: object[]) =>
    call('PutMetricData', {
      Namespace: 'Stepwell',
      MetricData: MetricData.map((one) => ({ MetricName: 'Rows', ...one })),
    })
  const range = { StartTime: minute(-10), EndTime: minute(10) }

  it('are put together by period', async () => {
    await put(
      { Value: 1, Timestamp: minute(0) },
      { Value: 3, Timestamp: minute(1) },
      { Values: [10, 20], Counts: [1, 2], Timestamp: minute(5) },
    )
    await put({
      StatisticValues: { SampleCount: 2, Sum: 100, Minimum: 40, Maximum: 60 },
      Timestamp: minute(6),
      Unit: 'Count',
    })

    const { Datapoints } = await call('GetMetricStatistics', {
      Namespace: 'Stepwell',
      MetricName: 'Rows',
      Period: 300,
      Statistics: ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'],
      ...range,
    })

    expect(Datapoints).toEqual([
      { Timestamp: minute(0), Unit: 'None', Sum: 4, Average: 2, Minimum: 1, Maximum: 3, SampleCount: 2 },
      { Timestamp: minute(5), Unit: 'Count', Sum: 150, Average: 30, Minimum: 10, Maximum: 60, SampleCount: 5 },
    ])
  })

  it('know percentiles', async () => {
    await put({ Values: Array.from({ length: 100 }, (_, i) => i + 1) })

    const { Datapoints } = await call('GetMetricStatistics', {
      Namespace: 'Stepwell',
      MetricName: 'Rows',
      Period: 60,
      ExtendedStatistics: ['p50', 'p99'],
      ...range,
    })

    expect(Datapoints[0].ExtendedStatistics).toEqual({ p50: 50, p99: 99 })
  })

  it('are queried with math, newest first', async () => {
    await put(
      { Value: 6, Timestamp: minute(0) },
      { Value: 4, Timestamp: minute(2) },
      { MetricName: 'Bad', Value: 2, Timestamp: minute(0) },
    )
    const stat = (MetricName: string) => ({ Metric: { Namespace: 'Stepwell', MetricName }, Period: 60, Stat: 'Sum' })

    const { MetricDataResults } = await call('GetMetricData', {
      StartTime: minute(0),
      EndTime: minute(3),
      MetricDataQueries: [
        { Id: 'share', Expression: '100 * FILL(bad, 0) / rows', Label: 'Share' },
        { Id: 'rows', MetricStat: stat('Rows') },
        { Id: 'bad', MetricStat: stat('Bad'), ReturnData: false },
      ],
    })

    expect(MetricDataResults).toMatchObject([
      { Id: 'share', Label: 'Share', Timestamps: [minute(2), minute(0)], Values: [0, 100 / 3] },
      { Id: 'rows', Label: 'Rows', Values: [4, 6] },
    ])
  })

  it('are found by a search, a series each', async () => {
    for (const [Variant, Value] of [
      ['a', 1],
      ['b', 2],
    ] as const)
      await put({ Value, Dimensions: [{ Name: 'Variant', Value: Variant }] })
    const search = `SEARCH('{Stepwell,Variant} MetricName="Rows"', 'Sum', 60)`

    const { MetricDataResults } = await call('GetMetricData', {
      ...range,
      MetricDataQueries: [
        { Id: 'rows', Expression: search, Label: 'rows' },
        { Id: 'all', Expression: `SUM(${search})` },
      ],
    })

    expect(MetricDataResults.map(({ Id, Label, Values }: any) => [Id, Label, Values])).toEqual([
      ['rows', 'rows', [1]],
      ['rows', 'rows', [2]],
      ['all', `SUM(${search})`, [3]],
    ])
  })

  it('are told apart by their dimensions, in any order, and listed', async () => {
    const a = { Name: 'a', Value: '1' }
    const b = { Name: 'b', Value: '2' }
    await put({ Value: 1, Dimensions: [a, b] }, { Value: 1, Dimensions: [b, a] }, { Value: 1 })

    const { Metrics } = await call('ListMetrics', { Namespace: 'Stepwell', Dimensions: [{ Name: 'a' }] })

    expect(Metrics).toEqual([{ Namespace: 'Stepwell', MetricName: 'Rows', Dimensions: [a, b] }])
  })

  it("of AWS's namespaces come from services only", async () => {
    const MetricData = [{ MetricName: 'm', Value: 1 }]

    expect((await failure(() => call('PutMetricData', { Namespace: 'AWS/States', MetricData }))).name).toBe(
      'InvalidParameterValueException',
    )
    await failed(1)
    expect((await call('ListMetrics', { Namespace: 'AWS/States' })).Metrics).toHaveLength(1)
  })

  it('refuse values and periods that are none', async () => {
    const names = async (work: () => unknown) => (await failure(work)).name

    expect(await names(() => put({}))).toBe('InvalidParameterValueException')
    expect(await names(() => put({ Value: Number.NaN }))).toBe('InvalidParameterValueException')
    expect(
      await names(() =>
        call('GetMetricStatistics', { Namespace: 'n', MetricName: 'm', Period: 10, Statistics: ['Sum'], ...range }),
      ),
    ).toBe('InvalidParameterValueException')
  })
})

describe('metric math', () => {
  const context = {
    series: new Map([
      [
        'a',
        new Map([
          [1, 1],
          [2, 2],
        ]),
      ],
      [
        'b',
        new Map([
          [2, 4],
          [3, 0],
        ]),
      ],
    ]),
    times: [1, 2, 3],
  }
  const result = (expression: string) => [...(evaluate(expression, context) as Series)]

  it.each([
    [
      'a + 1',
      [
        [1, 2],
        [2, 3],
      ],
    ],
    ['a + b', [[2, 6]]],
    [
      '-a * 2 ^ 2',
      [
        [1, -4],
        [2, -8],
      ],
    ],
    [
      '(a + 1) * 2',
      [
        [1, 4],
        [2, 6],
      ],
    ],
    ['1 / b', [[2, 0.25]]],
    [
      'FILL(a, 0) + FILL(b, 0)',
      [
        [1, 1],
        [2, 6],
        [3, 0],
      ],
    ],
    [
      'FILL(a, REPEAT)',
      [
        [1, 1],
        [2, 2],
        [3, 2],
      ],
    ],
    [
      'SUM([a, b])',
      [
        [1, 1],
        [2, 6],
        [3, 0],
      ],
    ],
    [
      'MAX(METRICS())',
      [
        [1, 1],
        [2, 4],
        [3, 0],
      ],
    ],
    [
      'SUM(a)',
      [
        [1, 3],
        [2, 3],
        [3, 3],
      ],
    ],
    [
      'IF(a > 1, 10, 20)',
      [
        [1, 20],
        [2, 10],
      ],
    ],
    [
      'a >= 1 && a != 2',
      [
        [1, 1],
        [2, 0],
      ],
    ],
  ])('%s', (expression, expected) => {
    expect(result(expression)).toEqual(expected)
  })

  it.each(['a +', 'c', 'RATE(a)', 'a b', '(a', 'a $ b', "'a'", "'a' + 1", 'SEARCH(a, 1, 2)'])(
    'refuses %s',
    async (expression) => {
      expect((await failure(() => result(expression))).name).toBe('ValidationError')
    },
  )
})

describe('an alarm', () => {
  it('goes off shortly after its metric, tells its topic once, and recovers', async () => {
    house.start?.()
    await call('PutMetricAlarm', alarm)
    await vi.advanceTimersByTimeAsync(200)
    expect(await stateOf(['BatchLost'])).toBe('OK')

    await failed(1)
    await failed(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(await stateOf(['BatchLost'])).toBe('ALARM')
    expect(published()).toMatchObject([{ TopicArn: topic, Subject: 'ALARM: "BatchLost" in us-east-1' }])
    expect(JSON.parse(published()[0].Message)).toMatchObject({
      NewStateValue: 'ALARM',
      OldStateValue: 'OK',
      NewStateReason: 'Threshold Crossed: 1 of 1 datapoints [2] were greater than or equal to the threshold (1).',
    })

    await vi.advanceTimersByTimeAsync(6 * 60_000)
    expect(await stateOf(['BatchLost'])).toBe('OK')
    expect(published()).toHaveLength(1)
    const events = cloud.calls.filter((one) => one.service === 'events')
    expect(events.at(-1)).toMatchObject({
      principal: { service: 'cloudwatch.amazonaws.com' },
      input: { Entries: [{ Source: 'aws.cloudwatch', DetailType: 'CloudWatch Alarm State Change' }] },
    })
  })

  it('on math follows all its metrics', async () => {
    const stat = (MetricName: string) => ({
      Metric: { Namespace: 'AWS/States', MetricName, Dimensions },
      Period: 300,
      Stat: 'Sum',
    })
    const { Namespace: _n, MetricName: _m, Dimensions: _d, Statistic: _s, Period: _p, ...rest } = alarm
    await cloud.deploy('AWS::CloudWatch::Alarm', 'Lost', {
      ...rest,
      Tags: [],
      Metrics: [
        { Id: 'expr_1', Expression: 'FILL(failed, 0) + FILL(aborted, 0)', ReturnData: true },
        { Id: 'failed', MetricStat: stat('ExecutionsFailed'), ReturnData: false },
        { Id: 'aborted', MetricStat: stat('ExecutionsAborted'), ReturnData: false },
      ],
    })
    house.start?.()
    await vi.advanceTimersByTimeAsync(200)
    expect(await stateOf(['BatchLost'])).toBe('OK')

    await failed(1)
    await vi.advanceTimersByTimeAsync(200)

    expect(await stateOf(['BatchLost'])).toBe('ALARM')
  })

  it.each([
    ['missing', 'INSUFFICIENT_DATA'],
    ['breaching', 'ALARM'],
    ['notBreaching', 'OK'],
    ['ignore', 'INSUFFICIENT_DATA'],
  ])('without data is, treating it as %s, %s', async (TreatMissingData, state) => {
    house.start?.()
    await call('PutMetricAlarm', { ...alarm, TreatMissingData })
    await vi.advanceTimersByTimeAsync(200)

    expect(await stateOf(['BatchLost'])).toBe(state)
  })

  it('wants so many datapoints of so many', async () => {
    house.start?.()
    await call('PutMetricAlarm', { ...alarm, Period: 60, EvaluationPeriods: 3, DatapointsToAlarm: 2 })
    await failed(1, minute(-1))
    await vi.advanceTimersByTimeAsync(200)
    expect(await stateOf(['BatchLost'])).toBe('OK')

    await failed(1)
    await vi.advanceTimersByTimeAsync(200)

    expect(await stateOf(['BatchLost'])).toBe('ALARM')
  })

  it('keeps its state when the template is applied again, and is gone with it', async () => {
    const { AlarmName, ...properties } = { ...alarm, Threshold: '1' }
    const { ref } = await cloud.deploy('AWS::CloudWatch::Alarm', 'Lost', properties)
    await call('SetAlarmState', { AlarmName: ref, StateValue: 'ALARM', StateReason: 'by hand' })
    await cloud.deploy('AWS::CloudWatch::Alarm', 'Lost', properties)
    expect(ref).not.toBe(AlarmName)
    expect((await call('DescribeAlarms')).MetricAlarms).toMatchObject([
      { StateValue: 'ALARM', StateReason: 'by hand', Threshold: 1 },
    ])

    await cloud.undeploy('Lost')

    expect((await call('DescribeAlarms')).MetricAlarms).toEqual([])
  })

  it('stays silent with its actions disabled', async () => {
    await call('PutMetricAlarm', { ...alarm, ActionsEnabled: false })
    await call('SetAlarmState', { AlarmName: 'BatchLost', StateValue: 'ALARM', StateReason: 'test' })
    expect(published()).toEqual([])

    await call('EnableAlarmActions', { AlarmNames: ['BatchLost'] })
    await call('SetAlarmState', { AlarmName: 'BatchLost', StateValue: 'OK', StateReason: 'test' })
    await call('SetAlarmState', { AlarmName: 'BatchLost', StateValue: 'ALARM', StateReason: 'again' })

    expect(published()).toHaveLength(1)
  })
})

describe('a dashboard', () => {
  it('of the template is listed and read', async () => {
    await cloud.deploy('AWS::CloudWatch::Dashboard', 'Board', {
      DashboardName: 'Stepwell',
      DashboardBody: '{"widgets":[]}',
    })

    expect((await call('ListDashboards')).DashboardEntries).toMatchObject([{ DashboardName: 'Stepwell', Size: 14 }])
    expect((await call('GetDashboard', { DashboardName: 'Stepwell' })).DashboardBody).toBe('{"widgets":[]}')
    expect((await failure(() => call('PutDashboard', { DashboardName: 'x', DashboardBody: '{' }))).name).toBe(
      'InvalidParameterInput',
    )
  })
})

describe('permissions', () => {
  it('are asked for metrics, alarms and dashboards', async () => {
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource }) => asked.push(`${action} ${resource}`) > 0
    const role = cloud.role('R')

    await cloud.call(role, 'monitoring', 'PutMetricData', {
      Namespace: 'n',
      MetricData: [{ MetricName: 'm', Value: 1 }],
    })
    await cloud.call(role, 'monitoring', 'DescribeAlarms', {})
    await cloud.call(role, 'monitoring', 'DeleteDashboards', { DashboardNames: ['d'] })

    expect(asked).toEqual([
      'cloudwatch:PutMetricData *',
      'cloudwatch:DescribeAlarms arn:aws:cloudwatch:us-east-1:000000000000:alarm:*',
      'cloudwatch:DeleteDashboards arn:aws:cloudwatch::000000000000:dashboard/d',
    ])
  })
})
