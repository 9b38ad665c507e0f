/** `stepwell stream status`: how the stream is and what has flowed through it, live on a terminal. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { count, seconds, table } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { connectStream, type StreamClients } from '../stream/clients.ts'
import { LakeReader, placeOf } from '../stream/lake.ts'
import { type StreamMetrics, streamMetrics } from '../stream/metrics.ts'
import { DEFAULT_STREAM, type StreamNames, streamNames } from '../stream/names.ts'

interface Options {
  endpoint: string
  stream: string
  watch?: boolean
  json?: boolean
}

const EVERY_MS = 2000

export function stream(command: Command): Command {
  addJson(addEndpoint(command.command('status')))
    .description('how the stream is, and what has flowed through it since it was made')
    .option('--stream <name>', 'the Kinesis stream', DEFAULT_STREAM)
    .option('--watch', 'go on telling until Ctrl-C')
    .action(status)
  return command
}

async function status(options: Options): Promise<void> {
  const output = new Output({ json: options.json === true })
  using interrupt = onInterrupt()
  const { endpoint, close } = await connectToRunning(options.endpoint)
  close()
  const clients = connectStream(endpoint)
  try {
    const names = streamNames(options.stream)
    const summary = await streamSummary(clients.kinesis, names.stream)
    if (!summary) {
      output.object({ type: 'stream', name: names.stream, status: 'NONE' })
      output.line(`There is no stream ${names.stream}: npx stepwell run stream sets it up.`)
      return
    }
    const since = summary.StreamCreationTimestamp ?? new Date(0)
    const reasons = await errorReasons(clients, names, since)
    let before: StreamMetrics | undefined
    do {
      const metrics = await streamMetrics(clients.cloudwatch, names, since)
      const byReason = await reasons()
      tell(output, names.stream, summary.StreamStatus ?? 'NONE', metrics, byReason, before)
      before = metrics
      if (options.watch) await sleep(EVERY_MS, undefined, { signal: interrupt.signal }).catch(() => {})
    } while (options.watch && !interrupt.signal.aborted)
  } finally {
    clients.close()
  }
}

async function streamSummary(kinesis: KinesisClient, StreamName: string) {
  try {
    return (await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))).StreamDescriptionSummary
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined
    throw error
  }
}

/** Counts the rows under the errors' prefix by their reason; what was read before is not read again. */
async function errorReasons({ firehose, s3 }: StreamClients, names: StreamNames, since: Date) {
  const place = await placeOf(firehose, names.errors)
  const reader = place && new LakeReader(s3, place, since.getTime())
  const reasons: Record<string, number> = {}
  return async () => {
    await reader?.readNew(({ reason }: { reason: string }) => {
      reasons[reason] = (reasons[reason] ?? 0) + 1
    })
    return reasons
  }
}

function tell(
  output: Output,
  name: string,
  status: string,
  metrics: StreamMetrics,
  reasons: Record<string, number>,
  before: StreamMetrics | undefined,
): void {
  const { sent, delivered, errors, failed, dropped, lagMs, objects } = metrics
  const { late = 0 } = reasons
  const onTheWay = sent - delivered - errors - failed - dropped
  output.object({ type: 'stream', name, status, ...metrics, late, reasons, onTheWay, balanced: onTheWay === 0 })
  const rate = (now: number, then: number | undefined) =>
    then === undefined ? '' : `${count(Math.round(((now - then) * 1000) / EVERY_MS))}/s`
  output.line(`${output.colors.bold(name)} ${status}, lag ${seconds(lagMs)}, ${count(objects)} objects in S3`)
  const rows = [
    ['in', count(sent), rate(sent, before?.sent)],
    ['users', count(delivered), rate(delivered, before?.delivered)],
    ['errors', count(errors), rate(errors, before?.errors)],
    ...Object.entries(reasons)
      .sort(([, one], [, other]) => other - one)
      .map(([reason, number]) => [`  ${reason}`, count(number), '']),
    ['failed', count(failed), ''],
    ['dropped', count(dropped), ''],
    ['on the way', count(onTheWay), ''],
  ]
  const width = Math.max(...rows.map(([, number]) => number!.length))
  for (const line of table(rows.map(([label, number, speed]) => [label!, number!.padStart(width), speed!])))
    output.line(`  ${line}`)
}
