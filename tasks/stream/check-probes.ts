/** Looks for the probes in S3: good ones under the users' prefix, bad ones under the errors'. */
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import { z } from 'zod'
import { executionSchema, required, task } from '../task.ts'
import { makeProbes } from './probes.ts'
import { streamEnvironment } from './resources.ts'

const s3 = new S3Client({})

export const handler = task({
  name: 'CheckProbes',
  input: z.object({ execution: executionSchema, sentAt: z.iso.datetime() }),
  environment: streamEnvironment.extend({ LAKE_BUCKET: required }),
  async run({ input: { execution, sentAt }, env, log }) {
    const since = Date.parse(sentAt)
    const probes = makeProbes(execution.name, since)
    const [users, errors] = await Promise.all(
      ['users', 'errors'].map((folder) => contentsSince(env.LAKE_BUCKET, `stream/${folder}/`, since)),
    )
    const good = probes.filter((probe) => probe.isGood && users!.some((text) => text.includes(`"${probe.id}"`)))
    // The raw record is a JSON string there, so its quotes are escaped.
    const bad = probes.filter((probe) => !probe.isGood && errors!.some((text) => text.includes(`\\"${probe.id}\\"`)))
    const arrived = good.length + bad.length === probes.length
    log.info('Looked for probes', { good: good.length, bad: bad.length, of: probes.length })
    return { good: good.length, bad: bad.length, of: probes.length, arrived }
  },
})

/** S3 gives times to the second. */
const SLACK_MS = 1000

async function contentsSince(Bucket: string, Prefix: string, since: number): Promise<string[]> {
  const texts: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key, LastModified } of Contents) {
      if ((LastModified?.getTime() ?? 0) < since - SLACK_MS) continue
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
      texts.push((await Body?.transformToString()) ?? '')
    }
  }
  return texts
}
