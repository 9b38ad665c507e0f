import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogs } from '../../../local/services/logs/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const logGroupName = '/aws/lambda/collect-quarter'
const logStreamName = '2026/01/01/[$LATEST]abc'
const call = (operation: string, input: object = {}) => cloud.as('logs', operation, { logGroupName, ...input })
const put = (messages: string[], stream = logStreamName, from = Date.now()) =>
  call('PutLogEvents', {
    logStreamName: stream,
    logEvents: messages.map((message, i) => ({ timestamp: from + i, message })),
  })
const messages = (output: any) => output.events.map((event: any) => event.message)

beforeEach(async () => {
  cloud = testCloud()
  cloud.add(createLogs(cloud))
  await cloud.deploy('AWS::Logs::LogGroup', 'Log', { LogGroupName: logGroupName, RetentionInDays: 7 })
  await call('CreateLogStream', { logStreamName })
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.dispose()
})

describe('a stream', () => {
  it('gives back what was put, page by page, in both directions', async () => {
    const all = Array.from({ length: 25 }, (_, i) => `line ${i}\nwith ü and "quotes"`)
    await put(all)

    const first = await call('GetLogEvents', { logStreamName, startFromHead: true, limit: 10 })
    const second = await call('GetLogEvents', { logStreamName, nextToken: first.nextForwardToken, limit: 10 })
    const back = await call('GetLogEvents', { logStreamName, nextToken: second.nextBackwardToken, limit: 10 })
    const tail = await call('GetLogEvents', { logStreamName, limit: 3 })
    const before = await call('GetLogEvents', { logStreamName, nextToken: tail.nextBackwardToken, limit: 3 })
    const end = await call('GetLogEvents', { logStreamName, nextToken: tail.nextForwardToken })

    expect(messages(first)).toEqual(all.slice(0, 10))
    expect(messages(second)).toEqual(all.slice(10, 20))
    expect(messages(back)).toEqual(all.slice(0, 10))
    expect(messages(tail)).toEqual(all.slice(22))
    expect(messages(before)).toEqual(all.slice(19, 22))
    expect(end).toMatchObject({ events: [], nextForwardToken: tail.nextForwardToken })
  })

  it('is followed by its forward token', async () => {
    await put(['one'])
    const { nextForwardToken } = await call('GetLogEvents', { logStreamName, startFromHead: true })

    await put(['two'])

    expect(messages(await call('GetLogEvents', { logStreamName, nextToken: nextForwardToken }))).toEqual(['two'])
  })

  it('of many megabytes is read from its end without reading it all, and from its head to its end', async () => {
    const message = 'x'.repeat(1000)
    for (let i = 0; i < 10; i++) await put(Array.from({ length: 900 }, (_, k) => `${i}.${k} ${message}`))

    const began = process.cpuUsage()
    const tail = await call('GetLogEvents', { logStreamName, limit: 2 })
    const { user: micros } = process.cpuUsage(began)
    let count = 0
    for (let nextToken: string | undefined; ; ) {
      const page = await call('GetLogEvents', { logStreamName, startFromHead: true, nextToken })
      if (page.events.length === 0) break
      count += page.events.length
      nextToken = page.nextForwardToken
    }

    expect(messages(tail).map((one: string) => one.split(' ')[0])).toEqual(['9.898', '9.899'])
    expect(micros).toBeLessThan(200_000)
    expect(count).toBe(9000)
  })

  it('keeps to the times asked for', async () => {
    const from = Date.now() - 1000
    await put(['a', 'b', 'c', 'd'], logStreamName, from)
    const input = { logStreamName, startTime: from + 1, endTime: from + 3 }

    expect(messages(await call('GetLogEvents', { ...input, startFromHead: true }))).toEqual(['b', 'c'])
    expect(messages(await call('GetLogEvents', input))).toEqual(['b', 'c'])
    expect(messages(await call('FilterLogEvents', { startTime: from + 1, endTime: from + 3 }))).toEqual(['b', 'c'])
  })

  it('refuses batches that are none, and says which events were too old', async () => {
    const names = async (logEvents: object[]) =>
      (await failure(() => call('PutLogEvents', { logStreamName, logEvents }))).name
    const now = Date.now()

    expect(await names([])).toBe('InvalidParameterException')
    expect(await names([{ timestamp: now, message: '' }])).toBe('InvalidParameterException')
    expect(
      await names([
        { timestamp: now, message: 'a' },
        { timestamp: now - 1, message: 'b' },
      ]),
    ).toBe('InvalidParameterException')
    expect(await names([{ timestamp: now, message: 'x'.repeat(1_048_576) }])).toBe('InvalidParameterException')
    const old = await call('PutLogEvents', { logStreamName, logEvents: [{ timestamp: 1, message: 'a' }] })
    expect(old.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 })
    expect((await failure(() => put(['a'], 'none'))).message).toBe('The specified log stream does not exist.')
    expect((await failure(() => call('PutLogEvents', { logGroupName: 'none', logStreamName }))).message).toBe(
      'The specified log group does not exist.',
    )
  })

  it('may have any name, without leaving its folder', async () => {
    for (const name of ['..', '../../x', 'ü'.repeat(400), '.']) {
      await call('CreateLogStream', { logStreamName: name })
      await put([`in ${name.length}`], name)
      expect(messages(await call('GetLogEvents', { logStreamName: name }))).toEqual([`in ${name.length}`])
    }
  })
})

describe('a search through a group', () => {
  it('merges its streams by time, page by page', async () => {
    const from = Date.now() - 10_000
    await call('CreateLogStream', { logStreamName: 'other' })
    for (let i = 0; i < 10; i++) await put([`${i}`], i % 2 === 0 ? logStreamName : 'other', from + i)

    const found: string[] = []
    const ids = new Set<string>()
    for (let nextToken: string | undefined; ; ) {
      const page = await call('FilterLogEvents', { limit: 3, nextToken })
      found.push(...messages(page))
      for (const event of page.events) ids.add(event.eventId)
      nextToken = page.nextToken
      if (!nextToken) break
    }

    expect(found.join('')).toBe('0123456789')
    expect(ids.size).toBe(10)
    expect(messages(await call('FilterLogEvents', { logStreamNames: ['other'] })).join('')).toBe('13579')
  })

  it.each([
    ['ERROR', ['ERROR one', 'ERROR two done']],
    ['ERROR done', ['ERROR two done']],
    ['ERROR -done', ['ERROR one']],
    ['?one ?done', ['ERROR one', 'ERROR two done']],
    ['"two done"', ['ERROR two done']],
    ['%o[nx]e$%', ['ERROR one', 'ERROR two done']],
    ['{ $.level = "FATAL" }', ['{"level":"FATAL","n":3,"in":{"id":"a-1"}}']],
    ['{ ($.n > 2) && ($.in.id = "a-*") }', ['{"level":"FATAL","n":3,"in":{"id":"a-1"}}']],
    ['{ $.n < 2 || $.level IS NULL }', ['{"level":null,"n":1,"list":["x"]}']],
    ['{ $.in NOT EXISTS }', ['{"level":null,"n":1,"list":["x"]}']],
    ['{ $.list[0] = x }', ['{"level":null,"n":1,"list":["x"]}']],
    ['{ $.level != "INFO" && $.n >= 3 }', ['{"level":"FATAL","n":3,"in":{"id":"a-1"}}']],
  ])('finds %s', async (filterPattern, expected) => {
    await put([
      'ERROR one',
      'ERROR two done',
      'INFO',
      '{"level":"FATAL","n":3,"in":{"id":"a-1"}}',
      '{"level":null,"n":1,"list":["x"]}',
    ])

    const found = messages(await call('FilterLogEvents', { filterPattern }))

    expect(found).toEqual(expected)
  })

  it.each(['[a, b]', '{ $.a }', '{ a = 1 }', '{ $.a = 1', '{ $.a > x }', '%(%'])(
    'refuses %s',
    async (filterPattern) => {
      expect((await failure(() => call('FilterLogEvents', { filterPattern }))).name).toBe('InvalidParameterException')
    },
  )
})

describe('groups', () => {
  it('are described with their retention, and streams with their times', async () => {
    const from = Date.now() - 1000
    await put(['a', 'b'], logStreamName, from)
    await call('CreateLogStream', { logStreamName: 'empty' })

    const { logGroups } = await call('DescribeLogGroups', { logGroupNamePrefix: '/aws/lambda' })
    const { logStreams } = await call('DescribeLogStreams', { orderBy: 'LastEventTime', descending: true })

    expect(logGroups).toMatchObject([
      { logGroupName, retentionInDays: 7, arn: `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}:*` },
    ])
    expect(logStreams).toMatchObject([
      { logStreamName, firstEventTimestamp: from, lastEventTimestamp: from + 1 },
      { logStreamName: 'empty' },
    ])
  })

  it('of the template keep what was logged', async () => {
    await put(['kept'])
    await cloud.deploy('AWS::Logs::LogGroup', 'Log', { LogGroupName: logGroupName })

    expect(messages(await call('GetLogEvents', { logStreamName }))).toEqual(['kept'])
    expect((await call('DescribeLogGroups')).logGroups[0].retentionInDays).toBeUndefined()
    await cloud.undeploy('Log')
    expect((await failure(() => call('DescribeLogStreams'))).name).toBe('ResourceNotFoundException')
  })

  it('forget streams that got nothing within the retention', async () => {
    await put(['old'])
    vi.useFakeTimers({ now: Date.now() + 8 * 24 * 3600 * 1000 })

    cloud.add(createLogs(cloud)).start?.()

    expect((await call('DescribeLogStreams')).logStreams).toEqual([])
  })
})

describe('permissions', () => {
  it('are asked for the stream, with the resource policies', async () => {
    const statement = {
      Effect: 'Allow' as const,
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'logs:*',
      Resource: '*',
    }
    await cloud.deploy('AWS::Logs::ResourcePolicy', 'P', {
      PolicyName: 'p',
      PolicyDocument: JSON.stringify({ Statement: [statement] }),
    })
    const asked: unknown[] = []
    cloud.decide = (_principal, { action, resource, policy }) => asked.push([action, resource, policy]) > 0
    const role = cloud.role('R')

    const logEvents = [{ timestamp: Date.now(), message: 'm' }]
    await cloud.call(role, 'logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents })
    await cloud.call(role, 'logs', 'FilterLogEvents', { logGroupName })

    const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${logGroupName}:log-stream:`
    const delivery = expect.objectContaining({ Principal: { Service: 'delivery.logs.amazonaws.com' } })
    const policy = { Statement: [delivery, statement] }
    expect(asked).toEqual([
      ['logs:PutLogEvents', `${arn}${logStreamName}`, policy],
      ['logs:FilterLogEvents', arn, policy],
    ])
  })
})
