import { describe, expect, it } from 'vitest'
import { compilePattern } from '../../../local/services/events/pattern.ts'
import { failure } from '../../support/cloud.ts'

const matches = (pattern: unknown, event: unknown) => compilePattern(JSON.stringify(pattern))(event)
const event = {
  source: 'aws.emr',
  'detail-type': 'EMR Step Status Change',
  resources: [],
  detail: {
    state: 'COMPLETED',
    count: 5,
    ratio: 0.5,
    ok: true,
    nothing: null,
    tags: ['red', 'blue'],
    ip: '10.1.2.3',
    file: 'data/part-0.PARQUET',
    nested: { deep: 'x' },
    list: [
      { name: 'a', size: 1 },
      { name: 'b', size: 2 },
    ],
  },
}

describe('an event pattern', () => {
  it.each([
    [{ source: ['aws.emr'] }],
    [{ source: ['other', 'aws.emr'], detail: { state: ['COMPLETED', 'FAILED'] } }],
    [{ detail: { count: [5] } }],
    [{ detail: { ok: [true], nothing: [null] } }],
    [{ detail: { tags: ['blue'] } }],
    [{ source: [{ prefix: 'aws.' }] }],
    [{ detail: { state: [{ prefix: { 'equals-ignore-case': 'comp' } }] } }],
    [{ detail: { file: [{ suffix: { 'equals-ignore-case': '.parquet' } }] } }],
    [{ detail: { file: [{ wildcard: 'data/*.PARQUET' }] } }],
    [{ detail: { state: [{ 'equals-ignore-case': 'completed' }] } }],
    [{ detail: { state: [{ 'anything-but': 'FAILED' }] } }],
    [{ detail: { state: [{ 'anything-but': ['FAILED', 'CANCELLED'] }] } }],
    [{ detail: { state: [{ 'anything-but': { prefix: 'FAIL' } }] } }],
    [{ detail: { state: [{ 'anything-but': { suffix: ['ING', 'ED!'] } }] } }],
    [{ detail: { file: [{ 'anything-but': { wildcard: '*.csv' } }] } }],
    [{ detail: { state: [{ 'anything-but': { 'equals-ignore-case': ['failed'] } }] } }],
    [{ detail: { count: [{ 'anything-but': 4 }] } }],
    [{ detail: { count: [{ numeric: ['>', 0, '<=', 5] }] } }],
    [{ detail: { ratio: [{ numeric: ['=', 0.5] }] } }],
    [{ detail: { state: [{ exists: true }], missing: [{ exists: false }] } }],
    [{ missing: { deep: [{ exists: false }] } }],
    [{ detail: { nested: [{ exists: false }] } }], // only leaves exist
    [{ detail: { ip: [{ cidr: '10.1.0.0/16' }] } }],
    [{ detail: { list: { name: ['b'], size: [2] } } }],
    [{ $or: [{ source: ['other'] }, { detail: { count: [{ numeric: ['>', 4] }] } }] }],
    [{ detail: { state: ['COMPLETED'], $or: [{ count: [1] }, { ok: [true] }] } }],
  ])('matches %j', (pattern) => {
    expect(matches(pattern, event)).toBe(true)
  })

  it.each([
    [{ source: ['aws.em'] }],
    [{ source: ['aws.emr'], detail: { state: ['FAILED'] } }],
    [{ detail: { count: ['5'] } }],
    [{ detail: { state: [{ 'anything-but': ['COMPLETED'] }] } }],
    [{ detail: { missing: [{ 'anything-but': 'x' }] } }],
    [{ detail: { count: [{ numeric: ['>', 5] }] } }],
    [{ detail: { state: [{ exists: false }] } }],
    [{ detail: { missing: [{ exists: true }] } }],
    [{ detail: { file: [{ wildcard: 'data/*.parquet' }] } }],
    [{ detail: { ip: [{ cidr: '10.2.0.0/16' }] } }],
    [{ detail: { list: { name: ['a'], size: [2] } } }], // not of one element
    [{ $or: [{ source: ['other'] }, { detail: { count: [4] } }] }],
    [{ detail: { nested: ['x'] } }],
    [{ detail: { constructor: [{ exists: true }] } }],
  ])('does not match %j', (pattern) => {
    expect(matches(pattern, event)).toBe(false)
  })

  it('takes stars that are escaped as stars', () => {
    expect(matches({ a: [{ wildcard: 'x\\*y*' }] }, { a: 'x*yz' })).toBe(true)
    expect(matches({ a: [{ wildcard: 'x\\*y*' }] }, { a: 'xxyz' })).toBe(false)
  })

  it.each([
    [{}, 'Empty objects'],
    [{ source: 'aws.emr' }, '"source" must be an object or an array'],
    [{ source: [] }, 'Empty arrays'],
    [{ source: [{ prefix: 1 }] }, 'prefix match pattern must be a string at source'],
    [{ source: [{ begins: 'a' }] }, 'Unrecognized match type begins at source'],
    [{ source: [{ prefix: 'a', suffix: 'b' }] }, 'exactly one operator'],
    [{ detail: { n: [{ numeric: ['>', '5'] }] } }, 'Bad numeric range [">","5"] at detail.n'],
    [{ detail: { n: [{ exists: 'yes' }] } }, 'exists takes true or false at detail.n'],
    [{ a: [{ wildcard: '**' }] }, 'Consecutive wildcard'],
    [{ a: [{ cidr: 'x/8' }] }, 'Malformed CIDR'],
    [{ a: [['nested']] }, 'Match value must be'],
  ])('%j is refused', async (pattern, reason) => {
    const error = await failure(() => compilePattern(JSON.stringify(pattern)))

    expect(error.name).toBe('InvalidEventPatternException')
    expect(error.message).toContain(`Event pattern is not valid. Reason: `)
    expect(error.message).toContain(reason)
  })
})
