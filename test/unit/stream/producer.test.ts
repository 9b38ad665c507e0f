import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { KinesisClient, PutRecordsCommand, PutRecordsCommandOutput } from '@aws-sdk/client-kinesis'
import { afterEach, describe, expect, it } from 'vitest'
import { UserGenerator } from '../../../data/users/generator.ts'
import { ProducerError, produce } from '../../../data/users/producer.ts'
import { apiSource, SourceError } from '../../../data/users/source.ts'

type Entry = { Data: Uint8Array; PartitionKey: string }

/** Takes what `refuses` lets through. */
function kinesisThat(refuses: (entry: Entry, request: number) => string | undefined) {
  const taken: string[] = []
  const requests: number[] = []
  const client = {
    async send({ input }: PutRecordsCommand): Promise<Partial<PutRecordsCommandOutput>> {
      const entries = input.Records as Entry[]
      const request = requests.push(entries.length)
      const Records = entries.map((entry) => {
        const ErrorCode = refuses(entry, request)
        if (ErrorCode) return { ErrorCode, ErrorMessage: 'Rate exceeded for shard 0.' }
        taken.push(Buffer.from(entry.Data).toString())
        return { SequenceNumber: '1', ShardId: 'shardId-000000000000' }
      })
      return { Records, FailedRecordCount: Records.filter((one) => 'ErrorCode' in one).length }
    },
  }
  return { client: client as unknown as KinesisClient, taken, requests }
}

const numbers = () => {
  let next = 0
  return { next: () => ({ record: `record ${next}`, partitionKey: String(next++) }) }
}

describe('a producer', () => {
  it('puts again what was refused, and only that, until all of it is in the stream once', async () => {
    const throttled = 'ProvisionedThroughputExceededException'
    const kinesis = kinesisThat((_entry, request) => (request <= 3 && Math.random() < 0.5 ? throttled : undefined))

    const produced = await produce({
      kinesis: kinesis.client,
      streamName: 's',
      source: numbers(),
      rate: 50_000,
      records: 1200,
    })

    expect(kinesis.taken).toHaveLength(1200)
    expect(new Set(kinesis.taken).size).toBe(1200)
    const put = kinesis.requests.reduce((sum, entries) => sum + entries, 0)
    expect(produced).toMatchObject({ sent: 1200, retried: put - 1200, requests: kinesis.requests.length })
    expect(produced.retried).toBeGreaterThan(0)
    expect(Math.max(...kinesis.requests)).toBeLessThanOrEqual(500)
  })

  it('keeps to its rate and its duration', async () => {
    const kinesis = kinesisThat(() => undefined)
    const started = performance.now()
    const { sent } = await produce({
      kinesis: kinesis.client,
      streamName: 's',
      source: numbers(),
      rate: 400,
      durationMs: 500,
    })
    expect(sent).toBe(200)
    expect(performance.now() - started).toBeGreaterThan(490)
  })

  it('finishes what it has begun when it is interrupted', async () => {
    const kinesis = kinesisThat((_entry, request) => (request === 1 ? 'InternalFailure' : undefined))
    const stop = new AbortController()
    const generator = new UserGenerator({ seed: 1, bad: 0 })
    const producing = produce({
      kinesis: kinesis.client,
      streamName: 's',
      source: generator,
      rate: 1000,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    })
    expect((await producing).sent).toBe(generator.truth.sent)
    expect(kinesis.taken).toHaveLength(generator.truth.sent)
  })

  it('gives up with the reason when Kinesis does not take it', async () => {
    const client = {
      send: async () => {
        throw Object.assign(new Error('Stream users not found.'), { name: 'ResourceNotFoundException' })
      },
    } as unknown as KinesisClient
    const producing = produce({ kinesis: client, streamName: 'users', source: numbers(), rate: 1000, records: 10 })
    await expect(producing).rejects.toThrow(ProducerError)
    await expect(producing).rejects.toThrow(/The stream users did not take \d+ records: Stream users not found\./)
  })
})

describe('an API as the source', () => {
  let server: Server
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  async function answering(status: number, text: string): Promise<string> {
    server = createServer((_request, response) => response.writeHead(status).end(text)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  it('adds the time of sending to a user, and sends as it is what is no object', async () => {
    const url = await answering(200, '{"results": [{"gender": "female"}]}')
    const { record } = await apiSource(url).next(0)
    expect(JSON.parse(record)).toEqual({
      results: [{ gender: 'female' }],
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    })
    server.close()
    expect((await apiSource(await answering(200, 'Uh oh')).next(0)).record).toBe('Uh oh')
  })

  it('says which address gave nothing, and why', async () => {
    const url = await answering(503, 'busy')
    await expect(apiSource(url).next(0)).rejects.toThrow(SourceError)
    await expect(apiSource(url).next(0)).rejects.toThrow(`The source ${url} gave no record: status 503.`)
  })
})
