import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createKinesis } from '../../../local/services/kinesis/index.ts'
import { ShardLog } from '../../../local/services/kinesis/shard-log.ts'
import type { KinesisOptions } from '../../../local/services/kinesis/store.ts'
import { failure, type TestCloud, testCloud } from '../../support/cloud.ts'

let cloud: TestCloud
let clock: number

beforeEach(() => {
  cloud = testCloud()
  clock = Date.parse('2026-03-01T00:00:00Z')
})
afterEach(() => cloud.dispose())

const call = (operation: string, input: object = {}) => cloud.as('kinesis', operation, input)
const serve = (options: KinesisOptions = {}) =>
  cloud.add(createKinesis(cloud, { now: () => clock, delayMs: 100, ...options }))
const record = (text: string, key = 'k') => ({ Data: Buffer.from(text), PartitionKey: key })

async function stream(name = 'users', shards = 1): Promise<void> {
  await call('CreateStream', { StreamName: name, ShardCount: shards })
  clock += 101
}

async function iterator(type: string, more: object = {}, shard = 'shardId-000000000000'): Promise<string> {
  const input = { StreamName: 'users', ShardId: shard, ShardIteratorType: type, ...more }
  return (await call('GetShardIterator', input)).ShardIterator
}

async function texts(ShardIterator: string, more: object = {}): Promise<string[]> {
  const { Records } = await call('GetRecords', { ShardIterator, ...more })
  return Records.map((one: any) => Buffer.from(one.Data).toString())
}

describe('a stream', () => {
  it('is CREATING, then ACTIVE, then DELETING, then gone', async () => {
    serve()
    const status = async () =>
      (await call('DescribeStreamSummary', { StreamName: 'users' })).StreamDescriptionSummary.StreamStatus

    await call('CreateStream', { StreamName: 'users', ShardCount: 2 })
    expect(await status()).toBe('CREATING')
    clock += 100
    expect(await status()).toBe('ACTIVE')
    await call('DeleteStream', { StreamName: 'users' })
    expect(await status()).toBe('DELETING')
    clock += 100
    expect(await failure(status)).toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream users under account 000000000000 not found.',
    })
  })

  it('has four shards on demand, and as many as were asked for when provisioned', async () => {
    serve()
    await call('CreateStream', { StreamName: 'a', StreamModeDetails: { StreamMode: 'ON_DEMAND' } })
    await call('CreateStream', { StreamName: 'b', ShardCount: 3 })
    clock += 100

    const shards = async (StreamName: string) => (await call('ListShards', { StreamName })).Shards
    expect(await shards('a')).toHaveLength(4)
    const b = await shards('b')
    expect(b[0].HashKeyRange.StartingHashKey).toBe('0')
    expect(b[2].HashKeyRange.EndingHashKey).toBe(String(2n ** 128n - 1n))
    expect(BigInt(b[1].HashKeyRange.StartingHashKey)).toBe(BigInt(b[0].HashKeyRange.EndingHashKey) + 1n)
  })

  it('is not made twice, and not with a wrong name', async () => {
    serve()
    await stream()
    expect(await failure(() => call('CreateStream', { StreamName: 'users', ShardCount: 1 }))).toMatchObject({
      name: 'ResourceInUseException',
    })
    expect(await failure(() => call('CreateStream', { StreamName: '../x', ShardCount: 1 }))).toMatchObject({
      name: 'ValidationException',
    })
  })

  it('refuses enhanced fan-out and says what to do instead', async () => {
    serve()
    expect(
      (await failure(() => call('RegisterStreamConsumer', { StreamARN: 'x', ConsumerName: 'c' }))).message,
    ).toMatch(/GetRecords/)
  })
})

describe('records', () => {
  it('come back in order, with their keys, arrival and growing sequence numbers', async () => {
    serve()
    await stream()
    const put = await call('PutRecords', {
      StreamName: 'users',
      Records: [record('a', 'x'), record('b', 'y'), record('ü', 'é')],
    })

    const got = await call('GetRecords', { ShardIterator: await iterator('TRIM_HORIZON') })

    expect(put).toMatchObject({ FailedRecordCount: 0 })
    expect(got.Records.map((one: any) => [one.Data.toString(), one.PartitionKey])).toEqual([
      ['a', 'x'],
      ['b', 'y'],
      ['ü', 'é'],
    ])
    expect(got.Records.map((one: any) => one.SequenceNumber)).toEqual(put.Records.map((one: any) => one.SequenceNumber))
    expect(got.Records[0].SequenceNumber).toMatch(/^\d{56}$/)
    expect(got.Records[0].SequenceNumber < got.Records[1].SequenceNumber).toBe(true)
    expect(got.Records[0].ApproximateArrivalTimestamp).toEqual(new Date(clock))
    expect(got.MillisBehindLatest).toBe(0)
  })

  it('go to the shard that owns the MD5 of their key, or the explicit hash key', async () => {
    serve()
    await stream('users', 2)
    // MD5 of "a" starts with 0c, of "b" with 92.
    const { Records } = await call('PutRecords', {
      StreamName: 'users',
      Records: [record('1', 'a'), record('2', 'b'), { ...record('3', 'b'), ExplicitHashKey: '0' }],
    })
    expect(Records.map((one: any) => one.ShardId)).toEqual([
      'shardId-000000000000',
      'shardId-000000000001',
      'shardId-000000000000',
    ])
  })

  it('are read from each kind of iterator', async () => {
    serve()
    await stream()
    const { SequenceNumber } = await call('PutRecord', { StreamName: 'users', ...record('1') })
    clock += 1000
    await call('PutRecord', { StreamName: 'users', ...record('2') })
    const latest = await iterator('LATEST')
    const at = new Date(clock)
    clock += 1000
    await call('PutRecord', { StreamName: 'users', ...record('3') })

    expect(await texts(await iterator('TRIM_HORIZON'))).toEqual(['1', '2', '3'])
    expect(await texts(latest)).toEqual(['3'])
    expect(await texts(await iterator('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: SequenceNumber }))).toEqual([
      '1',
      '2',
      '3',
    ])
    expect(await texts(await iterator('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: SequenceNumber }))).toEqual([
      '2',
      '3',
    ])
    expect(await texts(await iterator('AT_TIMESTAMP', { Timestamp: at }))).toEqual(['2', '3'])
    expect(await texts(await iterator('AT_TIMESTAMP', { Timestamp: new Date(clock + 1) }))).toEqual([])
    expect(await texts(await iterator('TRIM_HORIZON'), { Limit: 2 })).toEqual(['1', '2'])
  })

  it('expire with their iterators after five minutes and with the retention period after a day', async () => {
    serve()
    await stream()
    await call('PutRecord', { StreamName: 'users', ...record('old') })
    const early = await iterator('TRIM_HORIZON')
    clock += 301_000
    expect(await failure(() => texts(early))).toMatchObject({ name: 'ExpiredIteratorException' })
    clock += 23 * 3_600_000
    await call('PutRecord', { StreamName: 'users', ...record('new') })
    expect(await texts(await iterator('TRIM_HORIZON'))).toEqual(['old', 'new'])
    clock += 3_600_000
    expect(await texts(await iterator('TRIM_HORIZON'))).toEqual(['new'])
  })

  it('are refused beyond the limits', async () => {
    serve()
    await stream()
    const many = Array.from({ length: 501 }, () => record('x'))
    expect((await failure(() => call('PutRecords', { StreamName: 'users', Records: many }))).message).toMatch(
      /less than or equal to 500/,
    )
    const big = { Data: Buffer.alloc(1024 * 1024), PartitionKey: 'k' }
    expect(await failure(() => call('PutRecord', { StreamName: 'users', ...big }))).toMatchObject({
      name: 'ValidationException',
    })
    const fits = { Data: Buffer.alloc(1024 * 1024 - 1), PartitionKey: 'k' }
    await call('PutRecord', { StreamName: 'users', ...fits })
    expect(
      (
        await failure(() =>
          call('PutRecords', { StreamName: 'users', Records: Array.from({ length: 11 }, () => fits) }),
        )
      ).name,
    ).toBe('InvalidArgumentException')
  })

  it('are throttled one by one where that is asked for', async () => {
    serve({ throttles: true })
    await stream()
    const Records = Array.from({ length: 500 }, (_, i) => record(String(i)))
    await call('PutRecords', { StreamName: 'users', Records })
    await call('PutRecords', { StreamName: 'users', Records })

    const third = await call('PutRecords', { StreamName: 'users', Records: Records.slice(0, 2) })
    expect(third.FailedRecordCount).toBe(2)
    expect(third.Records[0]).toMatchObject({ ErrorCode: 'ProvisionedThroughputExceededException' })
    clock += 1000
    expect((await call('PutRecords', { StreamName: 'users', Records: Records.slice(0, 2) })).FailedRecordCount).toBe(0)
  })

  it('survive a restart', async () => {
    serve()
    await stream()
    await call('PutRecords', { StreamName: 'users', Records: [record('a'), record('b')] })

    const before = cloud
    cloud = cloud.restart()
    serve()
    await call('PutRecord', { StreamName: 'users', ...record('c') })

    expect(await texts(await iterator('TRIM_HORIZON'))).toEqual(['a', 'b', 'c'])
    expect(before).not.toBe(cloud)
  })
})

describe('resharding', () => {
  it('splits and merges: closed shards end in their children', async () => {
    serve()
    await stream()
    await call('PutRecord', { StreamName: 'users', ...record('before') })
    await call('SplitShard', {
      StreamName: 'users',
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: String(2n ** 127n),
    })
    clock += 100
    const { ShardId } = await call('PutRecord', { StreamName: 'users', ...record('after', 'b') })

    const old = await call('GetRecords', { ShardIterator: await iterator('TRIM_HORIZON') })
    expect(old.Records).toHaveLength(1)
    expect(old.NextShardIterator).toBeUndefined()
    expect(old.ChildShards.map((one: any) => one.ShardId)).toEqual(['shardId-000000000001', 'shardId-000000000002'])
    expect(ShardId).toBe('shardId-000000000002')

    await call('MergeShards', {
      StreamName: 'users',
      ShardToMerge: 'shardId-000000000001',
      AdjacentShardToMerge: 'shardId-000000000002',
    })
    clock += 100
    const { Shards } = await call('ListShards', { StreamName: 'users', ShardFilter: { Type: 'AT_LATEST' } })
    expect(Shards).toMatchObject([
      {
        ShardId: 'shardId-000000000003',
        ParentShardId: 'shardId-000000000001',
        AdjacentParentShardId: 'shardId-000000000002',
      },
    ])
  })

  it('changes the count of shards by a factor of two at most', async () => {
    serve()
    await stream('users', 2)
    expect(
      (
        await failure(() =>
          call('UpdateShardCount', { StreamName: 'users', TargetShardCount: 5, ScalingType: 'UNIFORM_SCALING' }),
        )
      ).name,
    ).toBe('LimitExceededException')
    await call('UpdateShardCount', { StreamName: 'users', TargetShardCount: 4, ScalingType: 'UNIFORM_SCALING' })
    clock += 100
    expect((await call('DescribeStreamSummary', { StreamName: 'users' })).StreamDescriptionSummary.OpenShardCount).toBe(
      4,
    )
  })
})

describe('permissions', () => {
  it('are asked for on the stream', async () => {
    serve()
    await stream()
    const asked: string[] = []
    cloud.decide = (_principal, { action, resource }) => asked.push(`${action} ${resource}`) > 0
    const role = cloud.role('Reader')
    const { ShardIterator } = await cloud.as(
      'kinesis',
      'GetShardIterator',
      { StreamName: 'users', ShardId: 'shardId-000000000000', ShardIteratorType: 'LATEST' },
      role,
    )
    await cloud.as('kinesis', 'GetRecords', { ShardIterator }, role)

    const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/users'
    expect(asked).toEqual([`kinesis:GetShardIterator ${arn}`, `kinesis:GetRecords ${arn}`])
  })
})

describe('a shard’s log', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shard-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const entry = (i: number) => ({ partitionKey: `k${i}`, data: Buffer.from(`record ${i} ${'x'.repeat(i % 300)}`) })

  it('keeps what concurrent writers append, each group in its order, over many segments and a restart', async () => {
    const log = new ShardLog(folder, 20_000)
    const firsts = await Promise.all(
      Array.from({ length: 50 }, (_, g) =>
        log.append(
          Array.from({ length: 20 }, (_, i) => entry(g * 20 + i)),
          g,
        ),
      ),
    )
    await log.close()

    const again = new ShardLog(folder, 20_000)
    expect(firsts).toEqual(Array.from({ length: 50 }, (_, g) => g * 20))
    expect(again.read(0, 5000, 1e9).map((one) => one.data.toString())).toEqual(
      Array.from({ length: 1000 }, (_, i) => entry(i).data.toString()),
    )
    expect(again.read(777, 1, 1e9)[0]).toMatchObject({ index: 777, partitionKey: 'k777', arrivalMs: 38 })
    expect(again.indexAt(38)).toBe(760)
    await again.close()
  })

  it('takes away a record that a crash has cut short, and goes on behind the last whole one', async () => {
    const log = new ShardLog(folder)
    await log.append([entry(1), entry(2), entry(3)], 1)
    await log.close()
    const file = join(folder, readdirSync(folder)[0]!)
    truncateSync(file, statSync(file).size - 3)

    const again = new ShardLog(folder)
    expect(again.end).toBe(2)
    await again.append([entry(4)], 2)
    expect(again.read(0, 10, 1e9).map((one) => one.data.toString())).toEqual(
      [1, 2, 4].map((i) => entry(i).data.toString()),
    )
    await again.close()
  })

  it('drops whole segments that are older than the retention period', async () => {
    const log = new ShardLog(folder, 1000)
    for (let i = 0; i < 50; i++) await log.append([entry(i)], i)
    const before = readdirSync(folder).length
    log.trim(25)

    expect(readdirSync(folder).length).toBeLessThan(before)
    expect(log.first).toBeLessThanOrEqual(25)
    expect(log.first).toBeGreaterThan(10)
    expect(log.read(0, 100, 1e9).at(-1)!.index).toBe(49)
    await log.close()
  })
})
