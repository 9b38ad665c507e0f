/** Puts probe records into the stream, good and bad ones. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import { z } from 'zod'
import { TransientError } from '../errors.ts'
import { executionSchema, task } from '../task.ts'
import { makeProbes } from './probes.ts'
import { kinesis, streamEnvironment } from './resources.ts'

const ATTEMPTS = 5
const BACKOFF_MS = 200

export const handler = task({
  name: 'SendProbes',
  input: z.object({ execution: executionSchema }),
  environment: streamEnvironment,
  async run({ input: { execution }, env, log }) {
    const sentAt = Date.now()
    const probes = makeProbes(execution.name, sentAt)
    let Records: PutRecordsRequestEntry[] = probes.map(({ id, text }) => ({
      Data: Buffer.from(text),
      PartitionKey: id,
    }))
    for (let attempt = 1; Records.length > 0; attempt++) {
      const answer = await kinesis.send(new PutRecordsCommand({ StreamName: env.STREAM_NAME, Records }))
      Records = Records.filter((_record, i) => answer.Records?.[i]?.ErrorCode)
      if (Records.length > 0 && attempt === ATTEMPTS)
        throw new TransientError(`${Records.length} probes were not taken by the stream.`)
      if (Records.length > 0) await sleep(BACKOFF_MS * 2 ** attempt * Math.random())
    }
    log.info('Sent probes', { probes: probes.length })
    return {
      sentAt: new Date(sentAt).toISOString(),
      good: probes.filter((one) => one.isGood).length,
      bad: probes.filter((one) => !one.isGood).length,
    }
  },
})
