/** Writes what the workflow has set up and seen, and gives it as the execution's output. */
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { executionSchema, required, task } from '../task.ts'
import { application, deliveryStreams, streamEnvironment, streamSummary } from './resources.ts'

const s3 = new S3Client({})

const probes = z.object({ good: z.number(), bad: z.number(), of: z.number() })

export const handler = task({
  name: 'Report',
  input: z.object({
    execution: executionSchema,
    schema: z.object({ records: z.number(), fields: z.number(), schema: z.string() }),
    probes,
  }),
  environment: streamEnvironment.extend({ REPORTS_BUCKET: required, LAKE_BUCKET: required }),
  async run({ input: { execution, schema, probes }, env, log }) {
    const [stream, app] = await Promise.all([streamSummary(env.STREAM_NAME), application(env.APPLICATION_NAME)])
    const report = {
      execution,
      generatedAt: new Date().toISOString(),
      stream: { name: env.STREAM_NAME, status: stream?.StreamStatus, openShards: stream?.OpenShardCount },
      application: { name: env.APPLICATION_NAME, status: app?.ApplicationStatus, version: app?.ApplicationVersionId },
      deliveryStreams: deliveryStreams(env),
      prefixes: ['users', 'errors', 'counts', 'failed'].map((folder) => `s3://${env.LAKE_BUCKET}/stream/${folder}/`),
      schema,
      probes,
    }
    const Key = `stream/${execution.name}/report.json`
    const Body = `${JSON.stringify(report, null, 2)}\n`
    await s3.send(new PutObjectCommand({ Bucket: env.REPORTS_BUCKET, Key, Body, ContentType: 'application/json' }))
    const json = `s3://${env.REPORTS_BUCKET}/${Key}`
    log.info('Wrote the report', { json })
    return {
      stream: env.STREAM_NAME,
      application: env.APPLICATION_NAME,
      prefixes: report.prefixes,
      probes,
      report: { json },
    }
  },
})
