import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Principal } from '../../../local/gateway/principal.ts'
import { createLogs } from '../../../local/services/logs/index.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
const logGroupName = '/Stepwell/serving/classify'
const start = Date.parse('2026-01-01T00:00:00Z')
const lines = [
  { message: 'Classified', class: 'penguin', ms: 12 },
  { message: 'Classified', class: 'penguin', ms: 18 },
  { message: 'Classified', class: 'not-penguin', ms: 30, picture: { bytes: 7 } },
  { message: 'Refused', reason: 'it is no picture' },
]

beforeEach(async () => {
  cloud = testCloud()
  cloud.add(createLogs(cloud))
  await cloud.as('logs', 'CreateLogGroup', { logGroupName })
  for (const logStreamName of ['one', 'two']) {
    await cloud.as('logs', 'CreateLogStream', { logGroupName, logStreamName })
    const at = Date.now() - 10_000
    const logEvents = [...lines.map((line) => JSON.stringify(line)), 'END'].map((message, i) => ({
      timestamp: at + i,
      message,
    }))
    await cloud.as('logs', 'PutLogEvents', { logGroupName, logStreamName, logEvents })
  }
})
afterEach(() => cloud.dispose())

async function rows(
  queryString: string,
  more: object = { logGroupName },
  caller?: Principal,
): Promise<Record<string, string>[]> {
  const span = { startTime: start / 1000, endTime: Math.ceil(Date.now() / 1000) }
  const { queryId } = await cloud.as('logs', 'StartQuery', { queryString, ...span, ...more }, caller)
  const { status, results } = await cloud.as('logs', 'GetQueryResults', { queryId }, caller)
  expect(status).toBe('Complete')
  return results.map((row: any[]) => Object.fromEntries(row.map(({ field, value }) => [field, value])))
}

describe('a query', () => {
  it("answers the dashboard's: what the classifier has seen", async () => {
    expect(await rows('filter message = "Classified"\n| stats count(*) as pictures by class')).toEqual([
      { class: 'penguin', pictures: '4' },
      { class: 'not-penguin', pictures: '2' },
    ])
  })

  it('gives the newest events first, with time and message, when it asks for nothing else', async () => {
    const found = await rows('filter @message like /END|Refused/ | limit 3')
    expect(found.map((row) => Object.keys(row))).toEqual(found.map(() => ['@timestamp', '@message']))
    expect(found.map((row) => row['@message'])).toEqual(['END', 'END', JSON.stringify(lines[3])])
    expect(found[0]!['@timestamp']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/)
  })

  it.each<[string, string[]]>([
    ['filter ms > 12 and class = "penguin" | fields ms', ['18', '18']],
    ['filter ms >= 12 and not (class = "penguin") | fields ms', ['30', '30']],
    ['filter picture.bytes = 7 | fields picture.bytes as ms', ['30', '30'].map(() => '7')],
    ['filter class in ["penguin", "seal"] | sort ms desc | fields ms | limit 2', ['18', '18']],
    ['filter ispresent(reason) or ms = 30 | filter @logStream = "one" | sort ms asc | display ms', ['30']],
    ['filter reason like "no picture" | fields reason as ms', ['it is no picture', 'it is no picture']],
    ['# a comment with | in it\nfilter class != "penguin" and ms < 99 | fields ms', ['30', '30']],
  ])('%s', async (query, expected) => {
    expect((await rows(query)).flatMap(({ ms }) => ms ?? [])).toEqual(expected)
  })

  it('puts numbers together', async () => {
    const query =
      'filter ispresent(ms) | stats count(ms) as n, sum(ms) as sum, avg(ms) as avg, min(ms) as min, max(ms) as max, pct(ms, 95) as p95, count_distinct(class) as classes'
    expect(await rows(query)).toEqual([
      { n: '6', sum: '120', avg: '20', min: '12', max: '30', p95: '30', classes: '2' },
    ])
    expect(
      await rows('fields class as kind | stats max(ms) by kind, bin(1d) as day | sort `max(ms)` desc | limit 1'),
    ).toEqual([{ kind: 'not-penguin', day: expect.stringMatching(/ 00:00:00\.000$/), 'max(ms)': '30' }])
  })

  it.each([
    'parse @message "*" as all',
    'filter ms >',
    'filter (ms = 1',
    'stats median(ms)',
    'limit many',
    'fields ms * 2',
    'limit 5 | stats count(*)',
    '',
  ])('is refused: %s', async (query) => {
    expect((await failure(() => rows(query))).name).toBe('MalformedQueryException')
  })

  it('asks for groups that are there, and IAM for each of them', async () => {
    expect((await failure(() => rows('fields ms', {}))).name).toBe('InvalidParameterException')
    expect((await failure(() => rows('fields ms', { logGroupNames: [logGroupName, '/nobody'] }))).name).toBe(
      'ResourceNotFoundException',
    )
    const asked: string[] = []
    cloud.decide = (_, { action, resource }) => {
      asked.push(`${action} ${resource.replace(/^arn:aws:logs:[^:]*:[^:]*:/, '')}`)
      return true
    }
    await rows('fields ms', { logGroupNames: [logGroupName] }, cloud.role('reader'))
    expect(asked).toEqual([`logs:StartQuery log-group:${logGroupName}:log-stream:`, 'logs:GetQueryResults *'])
  })
})
