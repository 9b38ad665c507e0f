/**
 * The stream workflow as `start` and `run stream` run it: with a producer beside it, for the workflow looks at live records, and with an account
 * of every record afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { DescribeStreamSummaryCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { UserGenerator } from '../../data/users/generator.ts'
import { produce } from '../../data/users/producer.ts'
import { type RunContext, type RunResult, runWorkflow } from '../execution.ts'
import type { Output } from '../output.ts'
import type { Workflow } from '../workflows.ts'
import { connectStream, type StreamClients } from './clients.ts'
import { LakeReader, placeOf } from './lake.ts'
import { type Account, Ledger } from './ledger.ts'
import { droppedSince } from './metrics.ts'
import { streamNames } from './names.ts'
import { rewriteReport } from './report.ts'

/** What became of the records that were sent beside a run. */
export interface StreamBalance extends Account {
  status: string
  /** What the SQL made users of, also where Firehose's transformation dropped them. */
  transformed: number
  /** By Firehose's transformation. */
  dropped: number
  /** sent = delivered + errors + dropped, and nothing twice. */
  balanced: boolean
  /** Objects in S3. */
  objects: number
  seconds: number
}

export interface Load {
  /** Records to send, and how many a second. */
  records: number
  rate: number
  /** The share of bad records. */
  bad: number
  seed?: number
}

export const DEFAULT_LOAD: Load = { records: 20_000, rate: 1000, bad: 0.02 }

const POLL_MS = 250
/** How long records may take to S3 once the last was sent: twice the largest buffer of Firehose that makes sense to wait for, and the rest. */
const SETTLE_MS = 180_000

/** Runs the workflow. @returns its result, with the balance where it succeeded */
export async function runStream(
  context: RunContext,
  endpoint: string,
  workflow: Workflow,
  load: Load = DEFAULT_LOAD,
): Promise<RunResult> {
  const clients = connectStream(endpoint)
  const stop = new AbortController()
  const signal = context.signal ? AbortSignal.any([context.signal, stop.signal]) : stop.signal
  const names = streamNames()
  const ledger = new Ledger(new UserGenerator({ seed: load.seed ?? Date.now(), bad: load.bad }))
  const startedAt = Date.now()
  const droppedSoFar = () => droppedSince(clients.cloudwatch, [names.users, names.errors], new Date(startedAt))
  const droppedBefore = await droppedSoFar()
  const producing = whenActive(clients.kinesis, names.stream, signal).then(() =>
    produce({ ...load, kinesis: clients.kinesis, streamName: names.stream, source: ledger, signal }),
  )
  // Whoever waits for it hears of its failure, also when the workflow fails before.
  producing.catch(() => {})
  try {
    const result = await runWorkflow(context, workflow, {})
    if (result.status !== 'SUCCEEDED') return result
    await producing
    const settled = await settle(clients, ledger, startedAt, context.output, context.signal)
    // The workflow's own was written while records were still coming.
    await rewriteReport(context.states, clients.lambda, result.executionArn)
    const dropped = (await droppedSoFar()) - droppedBefore
    const { account } = ledger
    const balance: StreamBalance = {
      status: result.status,
      ...account,
      transformed: account.delivered + dropped,
      dropped,
      missing: account.missing - dropped,
      balanced: account.sent === account.delivered + account.errors + dropped && account.duplicates === 0,
      objects: settled.objects,
      seconds: (Date.now() - startedAt) / 1000,
    }
    return { ...result, balance }
  } finally {
    stop.abort()
    await producing.catch(() => {})
    clients.close()
  }
}

/** Resolves when the stream takes records, or the signal aborts. */
export async function whenActive(kinesis: KinesisClient, StreamName: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const described = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName })).catch((error: Error) => {
      if (error.name === 'ResourceNotFoundException') return undefined
      throw error
    })
    const status = described?.StreamDescriptionSummary?.StreamStatus
    if (status === 'ACTIVE' || status === 'UPDATING') return
    await sleep(POLL_MS)
  }
}

/** Reads what arrives in S3 until every record is accounted for, or none has come for too long. */
async function settle(
  { s3, firehose }: StreamClients,
  ledger: Ledger,
  since: number,
  output: Output,
  signal: AbortSignal | undefined,
): Promise<{ objects: number }> {
  const names = streamNames()
  const places = await Promise.all([placeOf(firehose, names.users), placeOf(firehose, names.errors)])
  const [users, errors] = places.map((place) => place && new LakeReader(s3, place, since))
  let missing = Number.POSITIVE_INFINITY
  for (let deadline = Date.now() + SETTLE_MS; Date.now() < deadline && !signal?.aborted; await sleep(POLL_MS)) {
    await users?.readNew((row) => ledger.user(row))
    await errors?.readNew((row) => ledger.error(row))
    const { account } = ledger
    output.live(`  ${account.sent - account.missing} of ${account.sent} records are in S3`)
    if (account.missing === 0) break
    if (account.missing < missing) deadline = Date.now() + SETTLE_MS
    missing = account.missing
  }
  output.live('')
  return { objects: (users?.objects ?? 0) + (errors?.objects ?? 0) }
}
