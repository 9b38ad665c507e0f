/**
 * Which archives the source lists, and what is left to do for each. An archive is new when its name, size and checksum are not those that
 * a stage has seen, so a second execution repeats no finished work and a republished quarter is collected again.
 */
import { z } from 'zod'
import { LayoutConflict, TaskError } from '../errors.ts'
import { quarterSchema, required, task } from '../task.ts'
import { type Archive, identity, quarterOf } from './archive/archive.ts'
import { type ArchiveRow, archiveRows } from './archive/table.ts'
import { createSource, type ListedFile, sourceEnvironment } from './source/source.ts'

/** The stores an execution loads. */
export const storesSchema = z.object({ mysql: z.boolean().default(true), redshift: z.boolean().default(true) })

/** The execution's input; all of it may be left out. */
const executionInput = z.strictObject({
  quarters: z.array(quarterSchema).min(1).optional(),
  load: storesSchema.strict().prefault({}),
})

/** What the other states work by; small enough for any number of quarters (about 150 bytes each). */
export interface Plan {
  archives: Archive[]
  /** Quarters to collect, to process with Hive and to load: each a part of the next. */
  collect: string[]
  process: string[]
  load: string[]
  stores: z.output<typeof storesSchema>
}

export const handler = task({
  name: 'ListArchives',
  input: z.object({ input: z.preprocess((input) => input ?? {}, executionInput) }),
  environment: sourceEnvironment.and(z.object({ ARCHIVES_TABLE: required })),
  async run({ input: { input }, env, log, signal }): Promise<Plan> {
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

/**
 * The archives among the files, in order of quarters.
 * @throws LayoutConflict when two archives hold the same quarter, which only two releases' names can
 */
export function archivesOf(files: ListedFile[], place: string): Archive[] {
  const byQuarter = new Map<string, Archive>()
  for (const file of files) {
    const quarter = quarterOf(file.name)
    if (quarter === undefined) continue
    const other = byQuarter.get(quarter)
    if (other) {
      throw new LayoutConflict(
        `${place} lists two archives of ${quarter}: ${other.name} and ${file.name}. Their layouts differ; take one of them away.`,
      )
    }
    byQuarter.set(quarter, { quarter, ...file })
  }
  return [...byQuarter.values()].sort((a, b) => (a.quarter < b.quarter ? -1 : 1))
}

function chosen(listed: Archive[], quarters: string[], place: string): Archive[] {
  const missing = quarters.filter((quarter) => !listed.some((archive) => archive.quarter === quarter))
  if (missing.length > 0) {
    throw new TaskError(
      'ArchiveMissing',
      `${place} lists no archive of ${missing.join(', ')}. Put it there, or leave it out of the input's "quarters".`,
    )
  }
  return listed.filter((archive) => quarters.includes(archive.quarter))
}

/** What is left to do for each archive, by the identity that each stage has seen last. */
export function planOf(archives: Archive[], rows: ArchiveRow[], stores: Plan['stores']): Plan {
  const rowOf = new Map(rows.map((row) => [row.quarter, row]))
  const plan: Plan = { archives: [], collect: [], process: [], load: [], stores }
  for (const archive of archives) {
    const row = rowOf.get(archive.quarter)
    const seen = (stage: string | undefined) => stage === identity(archive)
    // A store that was left out when the quarter was loaded still lacks it.
    const inStores = (!stores.mysql || row?.stores?.mysql) && (!stores.redshift || row?.stores?.redshift)
    if (seen(row?.loaded) && inStores) continue
    plan.archives.push(archive)
    plan.load.push(archive.quarter)
    if (seen(row?.processed)) continue
    plan.process.push(archive.quarter)
    if (!seen(row?.collected)) plan.collect.push(archive.quarter)
  }
  return plan
}
