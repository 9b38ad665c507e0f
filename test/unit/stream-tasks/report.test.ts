import { describe, expect, it } from 'vitest'
import { balanceOf, type PrefixReport, type StreamReport } from '../../../tasks/stream/report/model.ts'
import { page } from '../../../tasks/stream/report/page.ts'
import { tallyErrors, tallyUsers, tallyWindows } from '../../../tasks/stream/report/tally.ts'

const at = Date.parse('2026-11-22T13:00:10Z')
const user = (country: string, age: number, second: number) =>
  JSON.stringify({ id: 'x', country, age, gender: 'female', event_time: `2026-11-22T13:00:0${second}.500` })

function users() {
  const tally = tallyUsers()
  for (const line of [user('Norway', 31, 1), user('Norway', 39, 2), user('Spain', 7, 4), 'no JSON', '{"id":"x"}'])
    tally.add(line, at)
  tally.objectEnds(at)
  return tally.result()
}

function errors(record: string) {
  const tally = tallyErrors()
  for (const reason of ['late', 'bad-age', 'bad-age', 'bad-age']) tally.add(JSON.stringify({ reason, record }), at)
  return tally.result()
}

describe('the tallies', () => {
  it('count users by country, decade and second, let foreign lines pass, and know how long an object took', () => {
    expect(users()).toEqual({
      rows: 3,
      countries: { Norway: 2, Spain: 1 },
      genders: { female: 3 },
      ages: { '0': 1, '30': 2 },
      bySecond: [
        [at - 9000, 1],
        [at - 8000, 1],
        [at - 6000, 1],
      ],
      deliveries: [{ at, records: 3, fastest: 5500, median: 7500, slowest: 8500 }],
    })
  })

  it('keep two samples of a reason, the late ones apart', () => {
    const { reasons, bySecond, lateBySecond } = errors('raw')
    expect(Object.keys(reasons)).toEqual(['bad-age', 'late'])
    expect(reasons['bad-age']).toEqual({ records: 3, samples: ['raw', 'raw'] })
    expect([bySecond, lateBySecond]).toEqual([[[at, 3]], [[at, 1]]])
  })

  it('put counts together by window', () => {
    const tally = tallyWindows()
    for (const [country_code, users] of [
      ['NO', 2],
      ['ES', 5],
    ])
      tally.add(JSON.stringify({ window_start: '2026-11-22T13:00:00', country_code, users }), at)
    expect(tally.result()).toEqual({
      rows: 2,
      countries: { ES: 5, NO: 2 },
      windows: [{ start: Date.parse('2026-11-22T13:00:00Z'), users: { NO: 2, ES: 5 } }],
    })
  })
})

const prefix = (folder: string, objects = 1, read = objects): PrefixReport => ({
  uri: `s3://lake/stream/${folder}/`,
  objects,
  bytes: 100,
  read,
  bySecond: [[at, objects]],
  records: 3,
})

function report(taken: number, more: Partial<StreamReport> = {}): StreamReport {
  return {
    execution: { name: 'run <1>', arn: 'arn', startedAt: '2026-11-22T13:00:00.000Z' },
    generatedAt: '2026-11-22T13:00:20.000Z',
    since: '2026-11-22T13:00:00.000Z',
    stream: { name: 'Users', status: 'ACTIVE', openShards: 4 },
    application: { name: 'Users', status: 'RUNNING', version: 1 },
    probes: { good: 5, bad: 3, of: 8 },
    balance: balanceOf(taken, { users: 3, errors: 4, late: 1, failed: 0 }, 0),
    prefixes: {
      users: prefix('users'),
      errors: prefix('errors'),
      counts: prefix('counts'),
      failed: prefix('failed', 0),
    },
    metrics: { periodSeconds: 60, in: [[at, taken]], lagMs: [[at, 250]], throttled: [] },
    users: users(),
    errors: errors('<script>alert(1)</script>'),
    windows: { rows: 0, countries: {}, windows: [] },
    schema: {
      records: 10,
      objects: 9,
      fields: [{ path: 'ts', types: { string: 8, null: 1 }, nullable: true, sample: '"<now>"' }],
    },
    durations: [{ state: 'CreateStream', start: 0, seconds: 1 }],
    ...more,
  }
}

describe('the page', () => {
  it('says that every record is accounted for only when it is so', () => {
    expect(page(report(7))).toContain('Every record is accounted for: 7 in = 3 transformed + 3 errors + 1 late')
    const open = page(report(9))
    expect(open).not.toContain('Every record is accounted for')
    expect(open).toContain('<b>2 on the way</b>')
    expect(page(report(5))).toContain('CloudWatch is behind S3, where 2 more records are')
    expect(page(report(0))).toContain('No record has come yet')
  })

  it('escapes foreign text, and needs nothing from outside', () => {
    const html = page(report(7))
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toMatch(/<script|<link|https?:\/\/|url\(/)
    expect(html).toContain('run &lt;1&gt;')
  })

  it('compares the schema with the one that the SQL reads', () => {
    const html = page(report(7))
    expect(html).toMatch(/<code>ts<\/code><\/td><td class="left">✓ string<\/td>.*null/)
    expect(html).toMatch(/results\[\]\.dob\.age<\/code><\/td><td class="left">✗ integer<\/td>.*nowhere/)
  })

  it('says what it has not read', () => {
    const { prefixes } = report(7)
    const html = page(report(7, { prefixes: { ...prefixes, users: prefix('users', 900, 120) } }))
    expect(html).toContain('120 of 900 objects of users were read')
    expect(page(report(7))).not.toContain('were read')
  })

  it('draws records in and the lag once CloudWatch has some minutes of them', () => {
    const points = [0, 1, 2].map((minute): [number, number] => [at + minute * 60_000, 10])
    const metrics = { periodSeconds: 60, in: points, lagMs: points, throttled: [] }
    expect(page(report(7, { metrics }))).toContain('Records in, each minute')
    expect(page(report(7))).toContain('once CloudWatch has 3 minutes')
  })

  it('is whole without any record', () => {
    const none = { rows: 0, countries: {}, genders: {}, ages: {}, bySecond: [], deliveries: [] }
    const html = page(
      report(0, {
        users: none,
        errors: { rows: 0, reasons: {}, bySecond: [], lateBySecond: [] },
        metrics: { periodSeconds: 60, in: [], lagMs: [], throttled: [] },
        balance: balanceOf(0, { users: 0, errors: 0, late: 0, failed: 0 }, 0),
      }),
    )
    expect(html).not.toMatch(/NaN|Infinity|undefined/)
  })
})
