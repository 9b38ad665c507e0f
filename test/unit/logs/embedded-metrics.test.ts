import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { embeddedMetrics } from '../../../local/services/logs/embedded-metrics.ts'
import { createLogs } from '../../../local/services/logs/index.ts'
import { createMonitoring } from '../../../local/services/monitoring/index.ts'
import { recordMetrics } from '../../../tasks/batch/archive/metrics.ts'
import { type TestCloud, testCloud } from '../../support/cloud.ts'

const at = new Date('2026-01-01T00:00:30Z')
const line = (document: object, directives: object = {}) =>
  JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        { Namespace: 'Stepwell', Dimensions: [['Table']], Metrics: [{ Name: 'Rows', Unit: 'Count' }], ...directives },
      ],
    },
    ...document,
  })

describe('a log line in the embedded metric format', () => {
  it('gives a value for each of its sets of dimensions', () => {
    const Dimensions = [['Table'], ['Table', 'Quarter'], []]
    const found = embeddedMetrics([line({ Table: 'loans', Quarter: '1999Q1', Rows: [3, 4] }, { Dimensions })])

    const data = found.get('Stepwell')!
    expect(data.map((datum) => datum.Dimensions.map(({ Name, Value }) => `${Name}=${Value}`))).toEqual([
      ['Table=loans'],
      ['Table=loans', 'Quarter=1999Q1'],
      [],
    ])
    for (const datum of data)
      expect(datum).toMatchObject({ MetricName: 'Rows', Unit: 'Count', Values: [3, 4], Timestamp: at })
  })

  it.each([
    ['a plain line', 'loaded 3 rows'],
    ['a line cut off', line({ Table: 'loans', Rows: 3 }).slice(0, -1)],
    ['a value that is no number', line({ Table: 'loans', Rows: '3' })],
    ['a dimension without a value', line({ Rows: 3 })],
    ['a line without a time', line({ Table: 'loans', Rows: 3, _aws: { CloudWatchMetrics: [] } })],
    ["a namespace of AWS's own", line({ Table: 'loans', Rows: 3 }, { Namespace: 'AWS/States' })],
  ])('is none if it is %s', (_what, text) => {
    expect([...embeddedMetrics([text]).values()].flat()).toEqual([])
  })
})

describe('PutLogEvents', () => {
  let cloud: TestCloud
  const logGroupName = '/Stepwell/batch/reconcile'
  const logStreamName = 'one'

  beforeEach(async () => {
    cloud = testCloud()
    cloud.add(createMonitoring(cloud))
    cloud.add(createLogs(cloud))
    await cloud.as('logs', 'CreateLogGroup', { logGroupName })
    await cloud.as('logs', 'CreateLogStream', { logGroupName, logStreamName })
  })
  afterEach(() => cloud.dispose())

  it('makes metrics of what the batch workflow writes, and keeps the lines', async () => {
    // Prepare
    const counts = { raw: 10, rejected: 2, processed: 8 }
    const now = new Date()
    const lines = recordMetrics([{ origination: counts, performance: { ...counts, rejected: 4 } } as never], now)
    const logEvents = ['plain', ...lines].map((message) => ({ timestamp: now.getTime(), message }))

    // Act
    await cloud.as('logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents })

    // Assess
    const query = (Table: string) =>
      cloud.as('monitoring', 'GetMetricStatistics', {
        Namespace: 'Stepwell/Batch',
        MetricName: 'Rejected',
        Dimensions: [{ Name: 'Table', Value: Table }],
        Statistics: ['Sum'],
        Period: 60,
        StartTime: new Date(now.getTime() - 60_000),
        EndTime: new Date(now.getTime() + 60_000),
      })
    await expect.poll(async () => (await query('performance')).Datapoints.length).toBe(1)
    expect((await query('origination')).Datapoints).toMatchObject([{ Sum: 2 }])
    expect((await query('performance')).Datapoints).toMatchObject([{ Sum: 4 }])
    const { events } = await cloud.as('logs', 'GetLogEvents', { logGroupName, logStreamName, startFromHead: true })
    expect(events).toHaveLength(3)
  })
})
