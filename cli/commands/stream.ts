/** `stepwell stream`: how the stream is and what has flowed through it, live on a terminal; and its report. */
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import type { Command } from 'commander'
import { CliError } from '../errors.ts'
import { onInterrupt } from '../interrupt.ts'
import { objectUrl } from '../links.ts'
import { addAws, addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { board, onTheWay, type Sighting } from '../stream/board.ts'
import { connectAsTold, type StreamClients } from '../stream/clients.ts'
import { LakeReader, placeOf } from '../stream/lake.ts'
import { streamMetrics } from '../stream/metrics.ts'
import { DEFAULT_STREAM, type StreamNames, streamNames } from '../stream/names.ts'
import { latestReport, rewriteReport } from '../stream/report.ts'

interface Options {
  endpoint: string
  aws?: boolean
  stream: string
  watch?: boolean
  json?: boolean
}

const EVERY_MS = 1000
/** On AWS every question costs a little, and CloudWatch counts by the minute anyhow. */
const EVERY_MS_ON_AWS = 10_000
/** Sightings that the board draws rates of. */
const KEPT = 30

export function stream(command: Command): Command {
  addJson(addAws(addEndpoint(command.command('status'))))
    .description('how the stream is, and what has flowed through it since it was made')
    .option('--stream <name>', 'the Kinesis stream', DEFAULT_STREAM)
    .option('--watch', 'go on telling until Ctrl-C')
    .action(status)
  addJson(addAws(addEndpoint(command.command('report'))))
    .description('write the report of the latest run anew, as the stream is now')
    .action(report)
  return command
}

async function status(options: Options): Promise<void> {
  const output = new Output({ json: options.json === true })
  using interrupt = onInterrupt()
  const clients = await connectAsTold(options)
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
    let link: string | undefined
    const look = async (): Promise<Sighting> => ({
      name: names.stream,
      status: (await streamSummary(clients.kinesis, names.stream))?.StreamStatus ?? 'NONE',
      metrics: await streamMetrics(clients.cloudwatch, names, since),
      reasons: { ...(await reasons()) },
      at: Date.now(),
    })
    const seen: Sighting[] = []
    do {
      // There may be none before a run has ended.
      link ??= await reportLink(clients, options)
      seen.push(await look())
      if (seen.length > KEPT) seen.shift()
      tell(output, seen, link, options.watch === true)
      if (options.watch)
        await sleep(options.aws ? EVERY_MS_ON_AWS : EVERY_MS, undefined, { signal: interrupt.signal }).catch(() => {})
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

/** Where the latest run's report is; undefined where none has ended well. */
async function reportLink({ states }: StreamClients, { endpoint, aws }: Options): Promise<string | undefined> {
  const latest = await latestReport(states)
  return latest && (aws ? latest.html : objectUrl(endpoint, latest.html))
}

function tell(output: Output, seen: readonly Sighting[], report: string | undefined, watched: boolean): void {
  const { name, status, metrics, reasons } = seen.at(-1)!
  const left = onTheWay(metrics)
  const { late = 0 } = reasons
  output.object({
    type: 'stream',
    name,
    status,
    ...metrics,
    late,
    reasons,
    onTheWay: left,
    balanced: left === 0,
    ...(report && { report }),
  })
  const { colors } = output
  const lines = [...board(seen, colors), ...(report ? [`  ${colors.dim(`report  ${report}`)}`] : [])]
  if (watched && output.interactive) output.board([...lines, colors.dim('  Ctrl-C ends this; the stream goes on.')])
  else for (const line of lines) output.line(line)
}

/** @throws CliError when no run has written one */
async function report(options: Options): Promise<void> {
  const output = new Output({ json: options.json === true })
  const clients = await connectAsTold(options)
  try {
    const latest = await latestReport(clients.states)
    if (!latest) throw new CliError('No run of the stream workflow has ended well yet: npx stepwell run stream.')
    const { executionArn, html } = latest
    await rewriteReport(clients.states, clients.lambda, executionArn)
    const url = options.aws ? html : objectUrl(options.endpoint, html)
    output.object({ type: 'report', executionArn, html, url })
    output.line(`${output.colors.green('✓')} ${url}`)
  } finally {
    clients.close()
  }
}
