/**
 * Which archives the source lists, and what is left to do for each. An archive is new when its name, size and checksum are not those that
 * a stage has seen, so a second execution repeats no finished work and a republished quarter is collected again. An archive that was rejected
 * is so again as long as it is the same, and two archives of one quarter are, both of them. The workflow's lock is taken first: what another
 * execution is about to do must not be planned once more.
 */
import { z } from 'zod'
import { LayoutConflict } from '../errors.ts'
import { takeLock } from '../jobs/lock.ts'
import { executionSchema, quarterSchema, required, task } from '../task.ts'
import { ARCHIVE_NAMES, type Archive, identity, quarterOf } from './archive/archive.ts'
import { archivesOf, chosen, conflictsOf, type Plan, planOf, storesSchema } from './archive/plan.ts'
import { type Rejection, reject } from './archive/rejection.ts'
import { type ArchiveRow, archiveRows } from './archive/table.ts'
import { createSource, type Source, sourceEnvironment } from './source/source.ts'

/** The execution's input; all of it may be left out. */
const executionInput = z.strictObject({
  quarters: z.array(quarterSchema).min(1).optional(),
  load: storesSchema.strict().prefault({}),
})

export const handler = task({
  name: 'ListArchives',
  input: z.object({ execution: executionSchema, input: z.preprocess((input) => input ?? {}, executionInput) }),
  environment: sourceEnvironment.and(
    z.object({ ARCHIVES_TABLE: required, PROCESSED_BUCKET: required, LOCKS_TABLE: required, JOBS_TABLE: required }),
  ),
  async run({ input: { execution, input }, env, log, signal }): Promise<Plan> {
    await takeLock({ locks: env.LOCKS_TABLE, jobs: env.JOBS_TABLE }, execution.arn, log)
    const source = createSource(env)
    const [files, rows] = await Promise.all([source.list(signal), archiveRows(env.ARCHIVES_TABLE)])
    const listed = archivesOf(files)
    const others = files.map(({ name }) => name).filter((name) => quarterOf(name) === undefined)
    if (others.length > 0)
      log.warn('The source lists files that are no quarterly archives; they are left alone', {
        count: others.length,
        names: others.slice(0, 20),
        wanted: ARCHIVE_NAMES,
      })
    const wanted = input.quarters ? chosen(listed, input.quarters, source.place) : listed
    const conflicting = await rejectConflicts(env.PROCESSED_BUCKET, source, conflictsOf(wanted), signal)
    // Whoever asks for a quarter by its name wants its archive looked at once more.
    const known = input.quarters ? [] : rejectedBefore(wanted, rows, conflicting)
    const plan = planOf(wanted, rows, input.load, [...conflicting, ...known])
    log.info('Compared the source with what is loaded', {
      source: source.place,
      listed: listed.length,
      collect: plan.collect.length,
      process: plan.process.length,
      load: plan.load.length,
      unchanged: plan.unchanged,
      rejected: plan.rejected.length,
    })
    return plan
  },
})

/** Which of two archives is a quarter's cannot be told; both stay out. */
async function rejectConflicts(
  bucket: string,
  source: Source,
  conflicts: Archive[][],
  signal: AbortSignal,
): Promise<Rejection[]> {
  const rejected: Rejection[] = []
  for (const archives of conflicts) {
    const names = archives.map(({ name }) => name).join(' and ')
    const why = new LayoutConflict(
      `${source.place} lists ${archives.length} archives of ${archives[0]?.quarter}: ${names}. A quarter has one layout; leave one of them there.`,
    )
    for (const archive of archives) rejected.push(await reject(bucket, source, archive, why, signal))
  }
  return rejected
}

/** The archives that an earlier execution has looked at and rejected. */
function rejectedBefore(archives: Archive[], rows: ArchiveRow[], conflicting: Rejection[]): Rejection[] {
  const known = new Map(rows.flatMap(({ rejected }) => (rejected ? [[identity(rejected), rejected] as const] : [])))
  const out = new Set(conflicting.map(identity))
  return archives.flatMap((archive) => (out.has(identity(archive)) ? [] : (known.get(identity(archive)) ?? [])))
}
