/** The plan of an execution: which archives are new or changed, and what is left to do for each. */
import { z } from 'zod'
import { LayoutConflict, TaskError } from '../../errors.ts'
import type { ListedFile } from '../source/source.ts'
import { type Archive, identity, quarterOf } from './archive.ts'
import type { ArchiveRow } from './table.ts'

/** The stores an execution loads. */
export const storesSchema = z.object({ mysql: z.boolean().default(true), redshift: z.boolean().default(true) })

/** What the other states work by; small enough for any number of quarters (about 150 bytes each). */
export interface Plan {
  archives: Archive[]
  /** Quarters to collect, to process with Hive and to load: each a part of the next. */
  collect: string[]
  process: string[]
  load: string[]
  stores: z.output<typeof storesSchema>
}

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

/** @throws ArchiveMissing when the source lists no archive of a quarter that was asked for */
export function chosen(listed: Archive[], quarters: string[], place: string): Archive[] {
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
