/** `stepwell produce`: sends users to the stream, at a rate, for a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { UserGenerator } from '../../data/users/generator.ts'
import { type Produced, produce } from '../../data/users/producer.ts'
import { apiSource, type RecordSource } from '../../data/users/source.ts'
import { count, megabytes, plural, seconds } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'
import { addAws, addEndpoint, addJson, share, whole } from '../options.ts'
import { Output } from '../output.ts'
import { connectAsTold } from '../stream/clients.ts'
import { DEFAULT_STREAM } from '../stream/names.ts'
import { whenActive } from '../stream/run-stream.ts'

interface Options {
  endpoint: string
  aws?: boolean
  stream: string
  rate: number
  duration?: number
  records?: number
  bad: number
  seed?: number
  source: string
  json?: boolean
}

const TELL_MS = 1000

export function produceCommand(command: Command): Command {
  return addJson(addAws(addEndpoint(command)))
    .option('--rate <number>', 'records a second', rate, 100)
    .option('--duration <seconds>', 'ends after so many seconds (default: at Ctrl-C)', whole)
    .option('--records <number>', 'ends after so many records', whole)
    .option('--bad <share>', 'the share of broken records, 0 to 1', share, 0.02)
    .option('--seed <number>', 'another seed makes other users (default: the time)', whole)
    .option(
      '--source <generator|url>',
      'made up, or from an API such as https://randomuser.me/api/',
      source,
      'generator',
    )
    .option('--stream <name>', 'the Kinesis stream', DEFAULT_STREAM)
    .action(run)
}

async function run(options: Options): Promise<void> {
  const { stream, rate, duration, records, bad, seed = Date.now() } = options
  const output = new Output({ json: options.json === true })
  using interrupt = onInterrupt()
  const { kinesis, close } = await connectAsTold(options)
  const generator = options.source === 'generator' ? new UserGenerator({ seed, bad }) : undefined
  const counters = { current: { sent: 0, bytes: 0, requests: 0, retried: 0 } as Readonly<Produced> }
  const live = new AbortController()
  try {
    await waitForStream(kinesis, stream, output, interrupt.signal)
    const started = performance.now()
    const telling = tell(output, counters, started, live.signal)
    const produced = await produce({
      kinesis,
      streamName: stream,
      source: (generator ?? apiSource(options.source)) satisfies RecordSource,
      rate,
      ...(duration !== undefined && { durationMs: duration * 1000 }),
      ...(records !== undefined && { records }),
      signal: interrupt.signal,
      onProgress: (current) => {
        counters.current = current
      },
    })
    live.abort()
    await telling
    const elapsed = performance.now() - started
    output.live('')
    output.object({
      type: 'produced',
      stream,
      ...produced,
      seconds: elapsed / 1000,
      ...(generator && { good: generator.truth.good, errors: generator.truth.errors }),
    })
    output.line(
      `${output.colors.green('✓')} ${plural(produced.sent, 'record')} (${megabytes(produced.bytes)}) in ${seconds(elapsed)}, ${perSecond(produced.sent, elapsed)}${retriedText(produced)}`,
    )
    if (generator) {
      const broken = Object.entries(generator.truth.errors).filter(([, number]) => number > 0)
      const reasons = broken.map(([reason, number]) => `${reason} ${count(number)}`).join(', ')
      output.line(output.colors.dim(`  good ${count(generator.truth.good)}${reasons && `, ${reasons}`}`))
    }
  } finally {
    live.abort()
    output.live('')
    close()
  }
}

async function waitForStream(
  kinesis: Parameters<typeof whenActive>[0],
  stream: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  let isThere = false
  const active = whenActive(kinesis, stream, signal).finally(() => {
    isThere = true
  })
  await Promise.race([active, sleep(TELL_MS)])
  if (!isThere) {
    const message = `Waiting for the stream ${stream}: npx stepwell run stream makes it.`
    output.object({ type: 'notice', message })
    output.line(output.colors.dim(`  ${message}`))
  }
  await active
}

/** The live line, once a second; without a terminal nothing, but an object for programs. */
async function tell(
  output: Output,
  counters: { current: Readonly<Produced> },
  started: number,
  signal: AbortSignal,
): Promise<void> {
  let before = 0
  while (!signal.aborted) {
    await sleep(TELL_MS, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    const { sent, bytes, retried } = counters.current
    const elapsed = performance.now() - started
    output.object({ type: 'producing', sent, bytes, retried, rate: sent - before, seconds: elapsed / 1000 })
    output.live(`  ${count(sent)} records, ${count(sent - before)} a second${retriedText(counters.current)}`)
    before = sent
  }
}

const perSecond = (records: number, milliseconds: number) =>
  `${count(Math.round((records * 1000) / milliseconds))} a second`
const retriedText = ({ retried }: Readonly<Produced>) => (retried > 0 ? `, ${count(retried)} put again` : '')

function rate(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= 100_000)) throw new InvalidArgumentError('It is a number from 0.1 to 100000.')
  return value
}

function source(text: string): string {
  if (text === 'generator' || /^https?:\/\/\S+$/.test(text)) return text
  throw new InvalidArgumentError('It is "generator" or an http(s) address.')
}
