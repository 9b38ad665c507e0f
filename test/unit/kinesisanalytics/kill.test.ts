/**
 * Kills the local cloud under load, and accounts for every record afterwards: five kills at seeded moments, some of them while it recovers from
 * the one before, in each mode. CHAOS_RUNS plays so many seeds, CHAOS_SEED begins with another.
 */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserGenerator } from '../../../data/users/generator.ts'
import { Random } from '../../../data/users/random.ts'
import { LocalStream } from './local-stream.ts'

const SEEDS = Number(process.env.CHAOS_RUNS ?? 1)
const FIRST_SEED = Number(process.env.CHAOS_SEED ?? 1)
const KILLS = 5
const BATCH = 200
const SHARD = 'shardId-000000000000'

let stream: LocalStream
/** Ends the producer, also when a test fails. */
let over: AbortController
let producing: Promise<Map<string, string>>
beforeEach(() => {
  stream = new LocalStream()
  over = new AbortController()
})
afterEach(async () => {
  over.abort('given up')
  await producing
  await stream.remove()
})

/** Gives the number of the first record behind the last checkpoint: from there on, records may come twice. */
async function kill(): Promise<number> {
  await stream.kill()
  const [place] = globSync(join(stream.folder, 'data', 'kinesisanalytics', '*', 'checkpoint.json'))
  const shards = place === undefined ? {} : JSON.parse(readFileSync(place, 'utf8')).position?.shards
  return shards?.[SHARD] === undefined ? 0 : indexOf(shards[SHARD]) + 1
}

/** The record's number in its shard. */
const indexOf = (sequenceNumber: string) => Number(sequenceNumber.slice(-35))

/**
 * Sends until told to stop; a batch that was not acknowledged is sent again. Gives what was acknowledged, by sequence number.
 * @param lead so far ahead of its time is the last batch, so that all windows before it close
 */
async function produce(seed: number, signal: AbortSignal, lead: number): Promise<Map<string, string>> {
  const generator = new UserGenerator({ seed, bad: 0.03 })
  const acknowledged = new Map<string, string>()
  const send = async (sentAt: number) => {
    const batch = Array.from({ length: BATCH }, () => generator.next(sentAt))
    const Records = batch.map(({ record, partitionKey }) => ({ Data: Buffer.from(record), PartitionKey: partitionKey }))
    for (;;) {
      const kinesis = new KinesisClient(stream.options)
      try {
        const answer = await kinesis.send(new PutRecordsCommand({ StreamName: 'users', Records }))
        for (const [i, { SequenceNumber }] of answer.Records!.entries())
          acknowledged.set(SequenceNumber!, batch[i]!.record)
        return
      } catch {
        if (signal.reason === 'given up') return
        await sleep(50)
      } finally {
        kinesis.destroy()
      }
    }
  }
  while (!signal.aborted) {
    await send(Date.now())
    await sleep(40)
  }
  await send(Date.now() + lead)
  return acknowledged
}

/** The stream's records in their order, by sequence number. */
async function recordsInStream(): Promise<Map<string, string>> {
  const kinesis = new KinesisClient(stream.options)
  const start = { StreamName: 'users', ShardId: SHARD, ShardIteratorType: 'TRIM_HORIZON' as const }
  let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(start))
  for (const records = new Map<string, string>(); ; ) {
    const { Records = [], NextShardIterator } = await kinesis.send(new GetRecordsCommand({ ShardIterator }))
    for (const { SequenceNumber, Data } of Records) records.set(SequenceNumber!, Buffer.from(Data!).toString())
    if (Records.length === 0) return records
    ShardIterator = NextShardIterator
  }
}

/** Waits until at least so many records have arrived, and for a while longer for what should not come. */
async function settled(least: number): Promise<void> {
  const count = () => stream.rows('users').length + stream.rows('errors').length
  for (const end = Date.now() + 60_000; count() < least && Date.now() < end; ) await sleep(200)
  for (let last = -1; last !== count(); ) {
    last = count()
    await sleep(1500)
  }
}

/** How often each record was sent and has arrived. Broken records can be equal: those are counted together. */
function accountOf(sent: Map<string, string>, covered: number[]) {
  const account = new Map<string, { sent: number; arrived: number; mayRepeat: number }>()
  for (const [sequenceNumber, text] of sent) {
    const entry = account.get(text) ?? { sent: 0, arrived: 0, mayRepeat: 0 }
    entry.sent++
    // Each kill may repeat what was not covered by the checkpoint before it.
    entry.mayRepeat += covered.filter((first) => indexOf(sequenceNumber) >= first).length
    account.set(text, entry)
  }
  const textOf = new Map([...sent.values()].map((text) => [/"uuid":"([^"]+)"/.exec(text)?.[1], text]))
  const arrived = [
    ...stream.rows('users').map(({ id }) => textOf.get(id)),
    ...stream.rows('errors').map(({ record }) => record),
  ]
  for (const text of arrived) account.get(text)!.arrived++
  return [...account].map(([text, entry]) => ({ text: text.slice(0, 200), ...entry }))
}

/** Windows that have another count than the users that arrived for them. */
function wrongWindows(): object[] {
  const counted = new Map<string, number>()
  for (const { window_start, country_code, users } of stream.rows('counts'))
    counted.set(`${window_start} ${country_code}`, (counted.get(`${window_start} ${country_code}`) ?? 0) + users)
  const expected = new Map<string, number>()
  for (const { event_time, country_code } of stream.rows('users')) {
    const start = new Date(Math.floor(Date.parse(`${event_time}Z`) / 10_000) * 10_000).toISOString().slice(0, 19)
    expected.set(`${start} ${country_code}`, (expected.get(`${start} ${country_code}`) ?? 0) + 1)
  }
  expect(counted.size).toBeGreaterThan(0)
  return [...counted].flatMap(([window, users]) =>
    users === expected.get(window) ? [] : [{ window, users, expected: expected.get(window) }],
  )
}

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i)
describe.each(['at-least-once', 'exactly-once'])('a local cloud that is killed under load, %s', (mode) => {
  it.each(seeds)(
    'loses no record, and repeats only what came behind its last checkpoint (seed %i)',
    async (seed) => {
      // Prepare
      const random = new Random(seed)
      await stream.up(mode)
      await stream.setUp()
      producing = produce(seed, over.signal, 40_000)

      // Act
      const covered: number[] = []
      for (let i = 0; i < KILLS; i++) {
        await sleep(random.whole(20, 1200))
        covered.push(await kill())
        if (random.chance(0.3)) {
          stream.launch(mode)
          await sleep(random.whole(100, 900))
          covered.push(await kill())
        }
        await stream.up(mode)
      }
      over.abort('enough')
      const acknowledged = await producing
      const sent = await recordsInStream()
      await settled(sent.size)

      // Assess
      expect([...acknowledged].filter(([sequenceNumber, text]) => sent.get(sequenceNumber) !== text)).toEqual([])
      const account = accountOf(sent, covered)
      expect(account.filter((one) => one.arrived < one.sent)).toEqual([])
      const allowed = (mayRepeat: number) => (mode === 'exactly-once' ? 0 : mayRepeat)
      expect(account.filter((one) => one.arrived > one.sent + allowed(one.mayRepeat))).toEqual([])
      if (mode === 'exactly-once') expect(wrongWindows()).toEqual([])
    },
    300_000,
  )
})
