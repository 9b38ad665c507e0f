/**
 * Writes the report, as JSON and as a page, and gives what the execution ends with. Called again with the same input it looks anew and writes the
 * report anew: `stepwell stream report` does so, for a stream goes on after its execution has ended.
 */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { durations } from '../report/durations.ts'
import { executionSchema, required, task } from '../task.ts'
import { readLake } from './report/lake.ts'
import { countedSince } from './report/metrics.ts'
import { balanceOf, FOLDERS, type Folder, type PrefixReport, type StreamReport } from './report/model.ts'
import { page } from './report/page.ts'
import { type Tally, tallyErrors, tallyLines, tallyUsers, tallyWindows } from './report/tally.ts'
import { application, streamEnvironment, streamSummary } from './resources.ts'
import { type Schema, schemaSchema } from './schema/infer.ts'

const s3 = new S3Client({})

const DAY_MS = 24 * 3600 * 1000
/** What the report reads of each prefix: some 300,000 users, read in a few seconds. */
const MAX_BYTES: Record<Folder, number> = { users: 64e6, errors: 32e6, counts: 16e6, failed: 8e6 }

const environment = streamEnvironment.extend({ REPORTS_BUCKET: required, LAKE_BUCKET: required })

export const handler = task({
  name: 'Report',
  input: z.object({
    execution: executionSchema,
    schema: z.object({ schema: z.string() }),
    probes: z.object({ good: z.number(), bad: z.number(), of: z.number() }),
  }),
  environment,
  async run({ input: { execution, schema, probes }, env, log, signal }) {
    const [stream, app] = await Promise.all([streamSummary(env.STREAM_NAME), application(env.APPLICATION_NAME)])
    const since = Math.max(stream?.StreamCreationTimestamp?.getTime() ?? 0, Date.now() - DAY_MS)
    const [users, errors, counts, failed] = [tallyUsers(), tallyErrors(), tallyWindows(), tallyLines()]
    const tallies: Record<Folder, Tally<unknown>> = { users, errors, counts, failed }
    const look = async (prefix: string, folder: Folder, byHour = true): Promise<PrefixReport> => {
      const place = { bucket: env.LAKE_BUCKET, prefix: `stream/${prefix}`, byHour }
      const delivered = await readLake(place, since, MAX_BYTES[folder], tallies[folder], signal)
      return { uri: `s3://${env.LAKE_BUCKET}/stream/${prefix}`, ...delivered, records: 0 }
    }
    // One after the other: each may fill the memory that there is. S3 before CloudWatch: nothing can be in S3 that was not in the stream before.
    const prefixes: Record<Folder, PrefixReport> = {
      users: await look('users/', 'users'),
      errors: await look('errors/', 'errors'),
      counts: await look('counts/', 'counts'),
      failed: await look('failed/', 'failed', false),
    }
    const counted = await countedSince(env, since)
    const rows = { users: users.result().rows, errors: errors.result().rows, counts: counts.result().rows }
    const all = { ...rows, failed: failed.result() }
    const delivered = { ...counted.delivered, failed: all.failed }
    for (const folder of FOLDERS) {
      const { objects, read } = prefixes[folder]
      prefixes[folder].records = read === objects ? all[folder] : Math.max(delivered[folder], all[folder])
    }
    const isComplete = prefixes.errors.read === prefixes.errors.objects
    const late = errors.result().reasons.late?.records ?? 0
    const report: StreamReport = {
      execution,
      generatedAt: new Date().toISOString(),
      since: new Date(since).toISOString(),
      stream: { name: env.STREAM_NAME, status: stream?.StreamStatus, openShards: stream?.OpenShardCount },
      application: { name: env.APPLICATION_NAME, status: app?.ApplicationStatus, version: app?.ApplicationVersionId },
      probes,
      balance: balanceOf(
        counted.taken,
        {
          users: prefixes.users.records,
          errors: prefixes.errors.records,
          late: isComplete ? late : undefined,
          failed: prefixes.failed.records,
        },
        counted.dropped,
      ),
      prefixes,
      metrics: counted.series,
      users: users.result(),
      errors: errors.result(),
      windows: counts.result(),
      schema: await discovered(schema.schema),
      durations: await durations(execution.arn),
    }
    const put = async (name: string, ContentType: string, Body: string) => {
      const Key = `stream/${execution.name}/${name}`
      await s3.send(new PutObjectCommand({ Bucket: env.REPORTS_BUCKET, Key, Body, ContentType }))
      return `s3://${env.REPORTS_BUCKET}/${Key}`
    }
    const json = await put('report.json', 'application/json', `${JSON.stringify(report, null, 2)}\n`)
    const html = await put('report.html', 'text/html; charset=utf-8', page(report))
    log.info('Wrote the report', { html, ...report.balance })
    return {
      stream: env.STREAM_NAME,
      application: env.APPLICATION_NAME,
      prefixes: FOLDERS.map((folder) => prefixes[folder].uri),
      probes,
      balance: report.balance,
      report: { html, json },
    }
  },
})

/** What DiscoverSchema has written. */
async function discovered(uri: string): Promise<Schema> {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  return schemaSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''))
}
