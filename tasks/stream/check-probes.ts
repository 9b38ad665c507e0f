/** Looks for the probes in S3: good ones under the users' prefix, bad ones under the errors'. */
import { z } from 'zod'
import { executionSchema, required, task } from '../task.ts'
import { contentOf, deliveredSince } from './lake.ts'
import { makeProbes, type Probe } from './probes.ts'
import { streamEnvironment } from './resources.ts'

export const handler = task({
  name: 'CheckProbes',
  input: z.object({ execution: executionSchema, sentAt: z.iso.datetime() }),
  environment: streamEnvironment.extend({ LAKE_BUCKET: required }),
  async run({ input: { execution, sentAt }, env, log, signal }) {
    const since = Date.parse(sentAt)
    const probes = makeProbes(execution.name, since)
    const look = (folder: string, sought: Probe[], marked: (probe: Probe) => string) =>
      countFound(env.LAKE_BUCKET, `stream/${folder}/`, since, sought.map(marked), signal)
    const [good, bad] = await Promise.all([
      look(
        'users',
        probes.filter(({ isGood }) => isGood),
        ({ id }) => `"${id}"`,
      ),
      // The raw record is a JSON string there, so its quotes are escaped.
      look(
        'errors',
        probes.filter(({ isGood }) => !isGood),
        ({ id }) => `\\"${id}\\"`,
      ),
    ])
    log.info('Looked for probes', { good, bad, of: probes.length })
    return { good, bad, of: probes.length, arrived: good + bad === probes.length }
  },
})

/** How many of the texts are in the prefix's objects: one object after the other, the oldest first, until all are found. */
async function countFound(
  bucket: string,
  prefix: string,
  since: number,
  texts: string[],
  signal: AbortSignal,
): Promise<number> {
  const missing = new Set(texts)
  const objects = (await deliveredSince({ bucket, prefix, byHour: true }, since)).sort((a, b) => a.at - b.at)
  for (const { key } of objects) {
    if (missing.size === 0) break
    signal.throwIfAborted()
    const content = await (await contentOf(bucket, key)).transformToString()
    for (const text of missing) if (content.includes(text)) missing.delete(text)
  }
  return texts.length - missing.size
}
