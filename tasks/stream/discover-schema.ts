/** Reads live records and finds out what they look like; writes that to S3, and stops the workflow when it is not what the SQL reads. */
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { TaskError } from '../errors.ts'
import { executionSchema, required, task } from '../task.ts'
import { kinesis, streamEnvironment } from './resources.ts'
import { drift, inferSchema } from './schema/infer.ts'

const ENOUGH = 500
/** Too few records say little about what may be missing. */
const AT_LEAST = 10
const LOOK_BACK_MS = 3_600_000
/** GetRecords can come back empty although records follow. */
const READS_A_SHARD = 3

const s3 = new S3Client({})

export const handler = task({
  name: 'DiscoverSchema',
  input: z.object({ execution: executionSchema }),
  environment: streamEnvironment.extend({ REPORTS_BUCKET: required }),
  async run({ input: { execution }, env, log }) {
    const texts = await sample(env.STREAM_NAME)
    if (texts.length < AT_LEAST) return { records: texts.length, ready: false }
    const schema = inferSchema(texts)
    const Key = `stream/${execution.name}/schema.json`
    await s3.send(
      new PutObjectCommand({
        Bucket: env.REPORTS_BUCKET,
        Key,
        Body: `${JSON.stringify(schema, null, 2)}\n`,
        ContentType: 'application/json',
      }),
    )
    const uri = `s3://${env.REPORTS_BUCKET}/${Key}`
    const differences = drift(schema)
    if (differences.length > 0)
      throw new TaskError(
        'SchemaDrift',
        `The live records are not what sql/flink/users.sql reads: ${differences.join('; ')}. See ${uri}.`,
      )
    log.info('Discovered the schema', { records: schema.records, fields: schema.fields.length, schema: uri })
    return { records: schema.records, fields: schema.fields.length, schema: uri, ready: true }
  },
})

async function sample(StreamName: string): Promise<string[]> {
  const texts: string[] = []
  const Timestamp = new Date(Date.now() - LOOK_BACK_MS)
  let NextToken: string | undefined
  do {
    const page = await kinesis.send(new ListShardsCommand(NextToken ? { NextToken } : { StreamName }))
    NextToken = page.NextToken
    for (const { ShardId } of page.Shards ?? []) {
      const { ShardIterator } = await kinesis.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'AT_TIMESTAMP', Timestamp }),
      )
      let iterator = ShardIterator
      for (let i = 0; iterator && i < READS_A_SHARD && texts.length < ENOUGH; i++) {
        const { Records = [], NextShardIterator } = await kinesis.send(
          new GetRecordsCommand({ ShardIterator: iterator, Limit: ENOUGH - texts.length }),
        )
        for (const { Data } of Records) texts.push(Buffer.from(Data ?? []).toString())
        iterator = NextShardIterator
      }
    }
  } while (NextToken && texts.length < ENOUGH)
  return texts
}
