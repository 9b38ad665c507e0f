/** Creates the Kinesis stream, on demand or with a number of shards; adopts one that is there. */
import { CreateStreamCommand } from '@aws-sdk/client-kinesis'
import { z } from 'zod'
import { TransientError } from '../errors.ts'
import { executionSchema, task } from '../task.ts'
import { kinesis, OWNER_TAG, streamEnvironment, streamSummary } from './resources.ts'

export const handler = task({
  name: 'CreateStream',
  input: z.object({ execution: executionSchema }),
  environment: streamEnvironment.extend({ SHARD_COUNT: z.coerce.number().int().min(0).default(0) }),
  async run({ input: { execution }, env, log }) {
    const { STREAM_NAME: StreamName, SHARD_COUNT: ShardCount } = env
    const found = await streamSummary(StreamName)
    if (found?.StreamStatus === 'DELETING') throw new TransientError(`The stream ${StreamName} is being deleted.`)
    if (!found) {
      const mode = ShardCount === 0 ? { StreamModeDetails: { StreamMode: 'ON_DEMAND' as const } } : { ShardCount }
      await kinesis.send(new CreateStreamCommand({ StreamName, ...mode, Tags: { [OWNER_TAG]: execution.arn } }))
    }
    log.info(found ? 'Adopts the stream' : 'Creates the stream', {
      stream: StreamName,
      shards: ShardCount || 'on demand',
    })
    return { stream: StreamName, adopted: found !== undefined }
  },
})
