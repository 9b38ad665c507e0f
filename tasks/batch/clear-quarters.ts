/**
 * Removes what earlier runs derived of the quarters that are about to be processed. INSERT OVERWRITE with dynamic partitions replaces only the
 * partitions that it writes: a republished quarter with no rejects, or with fewer reporting years, would keep old rows beside its new ones.
 */
import { z } from 'zod'
import { writer } from '../jobs/writer.ts'
import { quarterSchema, required } from '../task.ts'
import { keysBelow, removeObjects } from './archive/objects.ts'
import { forget } from './archive/table.ts'

/** Where hql/ writes rows of one quarter. */
const derivedPrefixes = (quarter: string): string[] => [
  `origination/origination_year=${quarter.slice(0, 4)}/quarter=${quarter}/`,
  `performance/quarter=${quarter}/`,
  `servicing/quarter=${quarter}/`,
  `quarantine/origination/quarter=${quarter}/`,
  `quarantine/performance/quarter=${quarter}/`,
  `export/origination/quarter=${quarter}/`,
]

export const handler = writer({
  name: 'ClearQuarters',
  input: z.object({ quarters: z.array(quarterSchema).min(1) }),
  environment: z.object({ PROCESSED_BUCKET: required, ARCHIVES_TABLE: required }),
  async run({ input: { quarters }, env, log, signal }) {
    let removed = 0
    for (const quarter of quarters) {
      // First, so that an interrupted run leaves nobody to believe that the rows are still there.
      await forget(env.ARCHIVES_TABLE, quarter, ['processed'])
      for (const prefix of derivedPrefixes(quarter)) {
        for await (const keys of keysBelow(env.PROCESSED_BUCKET, prefix)) {
          signal.throwIfAborted()
          await removeObjects(env.PROCESSED_BUCKET, keys)
          removed += keys.length
        }
      }
    }
    log.info('Cleared the quarters', { quarters: quarters.length, objects: removed })
    return { removed }
  },
})
