/**
 * All that can be wrong with records and with their transformation, at once and on the wire: every record is found again where it belongs, with
 * its reason. 20,000 records, and 100,000 with CHAOS_RUNS.
 */
import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch'
import { FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose'
import { KinesisClient, PutRecordCommand, PutRecordsCommand, UpdateMaxRecordSizeCommand } from '@aws-sdk/client-kinesis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { droppedSince } from '../../../cli/stream/metrics.ts'
import { UserGenerator } from '../../../data/users/generator.ts'
import { Random } from '../../../data/users/random.ts'
import { LocalStream } from './local-stream.ts'

const RECORDS = process.env.CHAOS_RUNS ? 100_000 : 20_000
const BATCH = 500
const RETRIES = 1
const MIB = 1024 * 1024
/** Of one record each, and of the batch in which they are. */
const OF_A_RECORD = ['Drop', 'Fail', 'Nonsense', 'NoData']
const OF_A_BATCH = ['Throw', 'TimeOut', 'OtherIds', 'TooFew', 'Twice', 'Oversize', 'NoJson']

interface Sent {
  text: string
  /** What the SQL says of it; undefined for a good one. */
  reason: string | undefined
  id: string
  fault: string | undefined
}

const stream = new LocalStream()
const since = new Date()
const sent: Sent[] = []
let kinesis: KinesisClient
let cloudwatch: CloudWatchClient
let users: any[]
let errors: any[]
let failed: any[]
let dropped: number

/** A user of this name does what test/unit/kinesisanalytics/faulty-transform.mjs says. */
function withFault(text: string, fault: string): string {
  const user = JSON.parse(text)
  user.results[0].name = { first: 'Fault', last: fault }
  return JSON.stringify(user)
}

/** A record with its key is as long as a number of bytes. */
function padded(text: string, partitionKey: string, bytes: number): string {
  const missing = bytes - Buffer.byteLength(text) - Buffer.byteLength(partitionKey) - Buffer.byteLength(',"padding":""')
  return `${text.slice(0, -1)},"padding":"${'x'.repeat(missing)}"}`
}

async function produce(): Promise<void> {
  const generator = new UserGenerator({ seed: 11, bad: 0.1 })
  const random = new Random(11)
  // Two of each that fail their batch, each in a fifteenth of the records of its own, so that others arrive between them.
  const planned = new Map(
    [...OF_A_BATCH, ...OF_A_BATCH].map((fault, i) => [
      Math.floor(((i + 0.5) * RECORDS) / (2 * OF_A_BATCH.length)),
      fault,
    ]),
  )
  let due: string | undefined
  for (let at = 0; at < RECORDS; at += BATCH) {
    const Records = Array.from({ length: Math.min(BATCH, RECORDS - at) }, (_, i) => {
      const { record, reason, partitionKey } = generator.next(Date.now())
      due = planned.get(at + i) ?? due
      let fault: string | undefined
      if (reason === undefined) {
        fault = due ?? (random.chance(0.01) ? random.pick(OF_A_RECORD) : undefined)
        due = undefined
      }
      const text = fault === undefined ? record : withFault(record, fault)
      sent.push({ text, reason, id: partitionKey, fault })
      return { Data: Buffer.from(text), PartitionKey: partitionKey }
    })
    const { FailedRecordCount } = await kinesis.send(new PutRecordsCommand({ StreamName: 'users', Records }))
    expect(FailedRecordCount).toBe(0)
  }
}

/** Records as large as the stream takes: 1 MiB with their key, and 3 MiB once that is allowed. */
async function produceLarge(): Promise<void> {
  const generator = new UserGenerator({ seed: 12, bad: 0, disorderMs: 0 })
  const put = async (bytes: number) => {
    const { record, partitionKey } = generator.next(Date.now())
    const text = padded(record, partitionKey, bytes)
    await kinesis.send(
      new PutRecordCommand({ StreamName: 'users', Data: Buffer.from(text), PartitionKey: partitionKey }),
    )
    sent.push({ text, reason: 'too-large', id: partitionKey, fault: undefined })
  }
  await put(MIB)
  await expect(put(MIB + 1)).rejects.toMatchObject({ name: 'ValidationException' })
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/users'
  await kinesis.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 3072 }))
  await put(3 * MIB)
  await expect(put(3 * MIB + 1)).rejects.toMatchObject({ name: 'ValidationException' })
}

async function settle(): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(500)) {
    users = stream.rows('users')
    errors = stream.rows('errors')
    failed = stream.rows('failed/users/processing-failed')
    dropped = await droppedSince(cloudwatch, ['users'], since)
    if (users.length + errors.length + failed.length + dropped >= sent.length || Date.now() > end) return
  }
}

beforeAll(async () => {
  mkdirSync(join(stream.folder, 'function'))
  copyFileSync(new URL('faulty-transform.mjs', import.meta.url), join(stream.folder, 'function', 'index.mjs'))
  await stream.up('lambda')
  kinesis = new KinesisClient(stream.options)
  cloudwatch = new CloudWatchClient(stream.options)
  await stream.setUp({ shards: 2, retries: RETRIES, transformMb: 0.2 })
  await produce()
  await produceLarge()
  await settle()
}, 240_000)
afterAll(async () => {
  kinesis?.destroy()
  cloudwatch?.destroy()
  await stream.remove()
})

const original = ({ rawData }: { rawData: string }) => Buffer.from(rawData, 'base64').toString()
const sorted = (texts: string[]) => [...texts].sort()

describe('a stream with all faults at once', () => {
  it('accounts for every record: in = delivered + errors + failed + dropped', () => {
    expect(users.length + errors.length + failed.length + dropped).toBe(sent.length)
  })

  it('keeps each bad record with its reason and its text', () => {
    const expected = sent.flatMap(({ reason, text }) => (reason ? [`${reason} ${text.slice(0, 150_000)}`] : []))
    expect(errors.length).toBe(expected.length)
    // Compared one by one: a list of such texts says nothing to anybody.
    const found = sorted(errors.map(({ reason, record }) => `${reason} ${record}`))
    expect(sorted(expected).findIndex((one, i) => one !== found[i])).toBe(-1)
  })

  it('delivers each good record once, or keeps it among the failed, or drops it where it was told to', () => {
    const ids = [...users, ...failed.map((one) => JSON.parse(original(one)))].map(({ id }) => id)
    const found = new Set(ids)
    expect(found.size).toBe(ids.length)
    const absent = sent.filter(({ reason, id }) => !reason && !found.has(id))
    expect(absent.length).toBe(dropped)
    expect(new Set(absent.map(({ fault }) => fault))).toEqual(new Set(['Drop']))
  })

  it('delivers no record that the function failed on or dropped', () => {
    const faults = users.flatMap(({ full_name }) => (full_name.startsWith('Fault ') ? [full_name.slice(6)] : []))
    // Of too few answers the first half is good; the record with the fault may be one of them.
    expect(faults.filter((fault) => fault !== 'TooFew')).toEqual([])
  })

  it('says of each failed batch and record what was wrong', () => {
    const found = new Map<string, Set<string>>()
    for (const one of failed) {
      const fault = JSON.parse(original(one)).full_name.match(/^Fault (\w+)$/)?.[1]
      if (!fault || one.errorMessage.includes('RangeError') !== (fault === 'Throw')) continue
      const set = found.get(fault) ?? new Set()
      found.set(fault, set.add(`${one.errorCode} ${one.attemptsMade}`))
    }
    const attempts = RETRIES + 1
    expect([...(found.get('Throw') ?? [])]).toEqual([`Lambda.FunctionError ${attempts}`])
    expect(found.get('TimeOut')).toContain(`Lambda.FunctionTimedOut ${attempts}`)
    expect(found.get('OtherIds')).toContain('Lambda.MissingRecordId 1')
    expect(found.get('Twice')).toContain('Lambda.DuplicatedRecordId 1')
    expect(found.get('Oversize')).toContain(`Lambda.FunctionError ${attempts}`)
    expect(found.get('NoJson')).toContain('Lambda.JsonProcessingException 1')
    expect(found.get('Fail')).toContain('Lambda.FunctionError 1')
    expect(found.get('Nonsense')).toContain('Lambda.FunctionError 1')
    expect(found.get('NoData')).toContain('Lambda.JsonProcessingException 1')
    expect(failed.some(({ errorCode }) => errorCode === 'Lambda.MissingRecordId')).toBe(true)
    expect(failed.some(({ errorMessage }) => errorMessage.includes('exceeded maximum allowed payload size'))).toBe(true)
  })

  it('keeps the bytes of what is no text, up to the largest record that Firehose takes', async () => {
    const firehose = new FirehoseClient(stream.options)
    await stream.createDeliveryStream('direct', 0, 1)
    const put = (...records: Buffer[]) =>
      firehose.send(
        new PutRecordBatchCommand({
          DeliveryStreamName: 'direct',
          Records: records.map((Data) => ({ Data })),
        }),
      )
    const records = [0, 1, 100, 1_024_000 - 4, 1_024_000 - 4].map((size) =>
      Buffer.concat([Buffer.from('FAIL'), randomBytes(size)]),
    )
    await put(...records)
    await expect(put(randomBytes(1_024_001))).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await expect.poll(() => stream.rows('failed/direct').length).toBe(records.length)
    firehose.destroy()

    const kept = stream.rows('failed/direct').map(({ rawData }) => rawData as string)
    expect(sorted(kept).join()).toBe(sorted(records.map((record) => record.toString('base64'))).join())
  }, 30_000)
})
