/**
 * Which archives the source lists, and what is left to do for each. An archive is new when its name, size and checksum are not those that
 * a stage has seen, so a second execution repeats no finished work and a republished quarter is collected again. The workflow's lock is taken
 * first: what another execution is about to do must not be planned once more.
 */
import { z } from 'zod'
import { takeLock } from '../jobs/lock.ts'
import { executionSchema, quarterSchema, required, task } from '../task.ts'
import { archivesOf, chosen, type Plan, planOf, storesSchema } from './archive/plan.ts'
import { archiveRows } from './archive/table.ts'
import { createSource, sourceEnvironment } from './source/source.ts'

/** The execution's input; all of it may be left out. */
const executionInput = z.strictObject({
  quarters: z.array(quarterSchema).min(1).optional(),
  load: storesSchema.strict().prefault({}),
})

export const handler = task({
  name: 'ListArchives',
  input: z.object({ execution: executionSchema, input: z.preprocess((input) => input ?? {}, executionInput) }),
  environment: sourceEnvironment.and(
    z.object({ ARCHIVES_TABLE: required, LOCKS_TABLE: required, JOBS_TABLE: required }),
  ),
  async run({ input: { execution, input }, env, log, signal }): Promise<Plan> {
    await takeLock({ locks: env.LOCKS_TABLE, jobs: env.JOBS_TABLE }, execution.arn, log)
    const source = createSource(env)
    const [files, rows] = await Promise.all([source.list(signal), archiveRows(env.ARCHIVES_TABLE)])
    const listed = archivesOf(files, source.place)
    const wanted = input.quarters ? chosen(listed, input.quarters, source.place) : listed
    const plan = planOf(wanted, rows, input.load)
    log.info('Compared the source with what is loaded', {
      source: source.place,
      listed: listed.length,
      collect: plan.collect.length,
      process: plan.process.length,
      load: plan.load.length,
    })
    return plan
  },
})
