/** The whole way: SDK producer in a process of its own → Kinesis → users.sql → Firehose → transform-records → S3. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeDeliveryStreamCommand, UpdateDestinationCommand } from '@aws-sdk/client-firehose'
import { PutRecordCommand } from '@aws-sdk/client-kinesis'
import {
  DescribeExecutionCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { connectStream, type StreamClients } from '../../cli/stream/clients.ts'
import { streamMetrics } from '../../cli/stream/metrics.ts'
import { streamNames } from '../../cli/stream/names.ts'
import { UserGenerator } from '../../data/users/generator.ts'
import { Command, memoryMib, processorSeconds } from './processes.ts'

export interface PipelineOptions {
  records: number
  /** Without the transformation in Lambda: Firehose appends the line ends. */
  withoutLambda: boolean
  /** Where to write a processor profile of the local cloud. */
  profile?: string
}

export interface PipelineResult {
  records: number
  /** From the producer's first request until the last record is in S3. */
  seconds: number
  producerSeconds: number
  /** Microseconds of processor time a record: of the local cloud with its workers, and of its main thread. */
  cloudMicros: number
  mainMicros: number
  memory: { sent: number; mib: number }[]
  /** Seconds from PutRecord to the object in S3, while little else is sent. */
  waits: number[]
  /** How long Firehose gathers: before the transformation and before the delivery. */
  bufferSeconds: number
  /** Lines in S3 when all was over, and what was sent. */
  lines: number
  sent: number
}

const names = streamNames()
const POLL_MS = 200
const END_MS = 900_000
const PROBES = 60
const PROBE_EVERY_MS = 70

export async function pipeline(options: PipelineOptions): Promise<PipelineResult> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-bench-'))
  const cloud = new Command(
    ['up', '--port', '0', '--data-dir', folder],
    options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [],
  )
  try {
    const { url } = await cloud.object('ready')
    const clients = connectStream(url)
    try {
      return await measure(options, cloud.child.pid!, url, clients, folder)
    } finally {
      clients.close()
    }
  } finally {
    await cloud.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(
  { records, withoutLambda }: PipelineOptions,
  pid: number,
  url: string,
  clients: StreamClients,
  folder: string,
): Promise<PipelineResult> {
  const startedAt = new Date()
  let sent = await setUp(url)
  if (withoutLambda) await removeTransformation(clients)
  const account = () => streamMetrics(clients.cloudwatch, names, startedAt)
  const settled = async (all: number) => {
    for (const end = Date.now() + END_MS; Date.now() < end; await sleep(POLL_MS)) {
      const { delivered, errors, failed, dropped } = await account()
      if (delivered + errors + failed + dropped >= all) return
    }
    throw new Error(`Of ${all} records, not all have arrived after ${END_MS / 1000} s.`)
  }
  await settled(sent)

  const before = processorSeconds(pid)
  const memory: PipelineResult['memory'] = []
  const watching = setInterval(() => {
    void account().then((now) => memory.push({ sent: now.sent - sent, mib: memoryMib(pid) }))
  }, 2000)
  const producer = new Command([
    'produce',
    '--endpoint',
    url,
    '--records',
    String(records),
    '--rate',
    '100000',
    '--seed',
    '1',
  ])
  const produced = await producer.object('produced')
  const firstAt = performance.now() - produced.seconds * 1000
  await settled(sent + records)
  const seconds = (performance.now() - firstAt) / 1000
  clearInterval(watching)
  const after = processorSeconds(pid)
  sent += records
  memory.push({ sent: records, mib: memoryMib(pid) })

  const { waits, count } = await measureWaits(clients, folder)
  sent += count
  await settled(sent)
  return {
    records,
    seconds,
    producerSeconds: produced.seconds,
    cloudMicros: ((after.all - before.all) / records) * 1e6,
    mainMicros: ((after.main - before.main) / records) * 1e6,
    memory,
    waits,
    bufferSeconds: await bufferSeconds(clients),
    lines: countLines(folder),
    sent,
  }
}

/** Runs the stream workflow, which looks at live records. Gives how many records it took, its own probes among them. */
async function setUp(url: string): Promise<number> {
  const states = new SFNClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  })
  const feed = new Command(['produce', '--endpoint', url, '--rate', '200', '--seed', '2'])
  try {
    const { stateMachines = [] } = await states.send(new ListStateMachinesCommand({}))
    const stateMachineArn = stateMachines.find(({ name }) => name === 'Stepwell-Stream')?.stateMachineArn
    const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn }))
    for (;;) {
      const { status, cause, output } = await states.send(new DescribeExecutionCommand({ executionArn }))
      if (status === 'SUCCEEDED') {
        await feed.stop()
        return (await feed.object('produced')).sent + JSON.parse(output!).probes.of
      }
      if (status !== 'RUNNING') throw new Error(`The stream workflow ended ${status}: ${cause}`)
      await sleep(POLL_MS)
    }
  } finally {
    await feed.stop()
    states.destroy()
  }
}

async function destinationOf({ firehose }: StreamClients, DeliveryStreamName: string) {
  const { DeliveryStreamDescription } = await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))
  return DeliveryStreamDescription!
}

async function removeTransformation(clients: StreamClients): Promise<void> {
  for (const DeliveryStreamName of [names.users, names.errors, names.counts]) {
    const { VersionId, Destinations } = await destinationOf(clients, DeliveryStreamName)
    await clients.firehose.send(
      new UpdateDestinationCommand({
        DeliveryStreamName,
        CurrentDeliveryStreamVersionId: VersionId,
        DestinationId: Destinations![0]!.DestinationId,
        ExtendedS3DestinationUpdate: {
          ProcessingConfiguration: {
            Enabled: true,
            Processors: [
              { Type: 'AppendDelimiterToRecord', Parameters: [{ ParameterName: 'Delimiter', ParameterValue: '\\n' }] },
            ],
          },
        },
      }),
    )
  }
}

async function bufferSeconds(clients: StreamClients): Promise<number> {
  const { Destinations } = await destinationOf(clients, names.users)
  const { BufferingHints, ProcessingConfiguration } = Destinations![0]!.ExtendedS3DestinationDescription!
  const lambda = ProcessingConfiguration?.Processors?.find(({ Type }) => Type === 'Lambda')
  const transform = lambda?.Parameters?.find(({ ParameterName }) => ParameterName === 'BufferIntervalInSeconds')
  return BufferingHints!.IntervalInSeconds! + Number(transform?.ParameterValue ?? 0)
}

/** Puts single records at known times, and looks when the files of their objects were written. */
async function measureWaits(clients: StreamClients, folder: string): Promise<{ waits: number[]; count: number }> {
  const generator = new UserGenerator({ seed: 3, bad: 0, disorderMs: 0 })
  const sentAt = new Map<string, number>()
  for (let i = 0; i < PROBES; i++) {
    const { record, partitionKey } = generator.next(Date.now())
    sentAt.set(partitionKey, Date.now())
    await clients.kinesis.send(
      new PutRecordCommand({ StreamName: names.stream, PartitionKey: partitionKey, Data: Buffer.from(record) }),
    )
    await sleep(PROBE_EVERY_MS)
  }
  const waits = new Map<string, number>()
  const first = Math.min(...sentAt.values())
  for (const end = Date.now() + 30_000; waits.size < PROBES && Date.now() < end; await sleep(POLL_MS))
    for (const file of objects(folder)) {
      const { mtimeMs } = statSync(file)
      if (mtimeMs < first) continue
      for (const line of readFileSync(file, 'utf8').split('\n')) {
        const id = /"id":"([^"]+)"/.exec(line)?.[1]
        const sent = id === undefined ? undefined : sentAt.get(id)
        if (sent !== undefined) waits.set(id!, (mtimeMs - sent) / 1000)
      }
    }
  if (waits.size < PROBES) throw new Error(`Of ${PROBES} single records, ${waits.size} have arrived.`)
  return { waits: [...waits.values()].sort((a, b) => a - b), count: PROBES }
}

/** Files of the users' and the errors' objects. */
function objects(folder: string): string[] {
  const root = join(folder, 's3')
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => /\/stream\/(users|errors)\//.test(file))
}

function countLines(folder: string): number {
  let lines = 0
  for (const file of objects(folder)) for (const byte of readFileSync(file)) if (byte === 0x0a) lines++
  return lines
}
