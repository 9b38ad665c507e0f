/**
 * Called by a schedule: puts users into the stream for a while, as `stepwell produce` does. No state of the workflow. While there is no stream
 * it has nothing to do.
 */
import { z } from 'zod'
import { UserGenerator } from '../../data/users/generator.ts'
import { produce } from '../../data/users/producer.ts'
import { apiSource } from '../../data/users/source.ts'
import { embeddedMetrics } from '../embedded-metrics.ts'
import { required, task } from '../task.ts'
import { kinesis, streamSummary } from './resources.ts'

/** workflows/stream/watch.ts draws what is in it. */
const NAMESPACE = 'Stepwell/Stream'

/** What a call may ask for instead of what the environment says. */
const wishes = {
  /** Records a second. */
  RATE: z.coerce.number().positive().max(10_000),
  /** The function may run a minute longer: what Kinesis refuses for the time being is put again. */
  SECONDS: z.coerce.number().int().min(1).max(840),
  /** The share of broken records. */
  BAD_SHARE: z.coerce.number().min(0).max(1),
  /** `generator`, or the address of an API that answers as https://randomuser.me/api/ does. */
  SOURCE: z.union([z.literal('generator'), z.url({ protocol: /^https?$/ })]),
}

export const handler = task({
  name: 'Produce',
  input: z.object({
    rate: wishes.RATE.optional(),
    seconds: wishes.SECONDS.optional(),
    bad: wishes.BAD_SHARE.optional(),
    source: wishes.SOURCE.optional(),
  }),
  environment: z.object({ STREAM_NAME: required, ...wishes }),
  async run({ input, env, log, signal }) {
    const { STREAM_NAME: streamName } = env
    const status = (await streamSummary(streamName))?.StreamStatus
    if (status !== 'ACTIVE' && status !== 'UPDATING') {
      log.info('Nothing to send to', { stream: streamName, status: status ?? 'NONE' })
      return { stream: streamName, sent: 0, retried: 0 }
    }
    const { rate = env.RATE, seconds = env.SECONDS, bad = env.BAD_SHARE, source = env.SOURCE } = input
    const generator = source === 'generator' ? new UserGenerator({ seed: Date.now(), bad }) : undefined
    const { sent, bytes, requests, retried } = await produce({
      kinesis,
      streamName,
      source: generator ?? apiSource(source),
      rate,
      durationMs: seconds * 1000,
      signal,
    })
    const broken = generator ? generator.truth.sent - generator.truth.good : 0
    const counts = { Sent: sent, Broken: broken, Retried: retried }
    process.stdout.write(`${embeddedMetrics(NAMESPACE, ['Stream', streamName], counts, new Date())}\n`)
    log.info('Sent users', { stream: streamName, sent, broken, bytes, requests, retried })
    return { stream: streamName, sent, broken, retried }
  },
})
