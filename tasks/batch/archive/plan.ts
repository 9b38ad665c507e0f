/** The plan of an execution: which archives are new or changed, and what is left to do for each. */
import { z } from 'zod'
import { TaskError } from '../../errors.ts'
import type { ListedFile } from '../source/source.ts'
import { type Archive, identity, quarterOf } from './archive.ts'
import type { Rejection } from './rejection.ts'
import type { ArchiveRow } from './table.ts'

/** The stores an execution loads. */
export const storesSchema = z.object({ mysql: z.boolean().default(true), redshift: z.boolean().default(true) })

/** What the other states work by; small enough for any number of quarters (about 150 bytes each, 1,000 for one that is rejected). */
export interface Plan {
  /** Archives that the source lists, of the quarters that were asked for: to be collected, unchanged or rejected. */
  found: number
  archives: Archive[]
  /** Quarters to collect, to process with Hive and to load: each a part of the next. */
  collect: string[]
  process: string[]
  load: string[]
  /** Archives that an earlier execution has collected. */
  unchanged: number
  rejected: Rejection[]
  stores: z.output<typeof storesSchema>
}

/** The archives among the files, in order of quarters. Only two releases' names can be of one quarter. */
export function archivesOf(files: ListedFile[]): Archive[] {
  const archives = files.flatMap((file) => {
    const quarter = quarterOf(file.name)
    return quarter === undefined ? [] : { quarter, ...file }
  })
  return archives.sort((a, b) => (a.quarter < b.quarter ? -1 : a.quarter > b.quarter ? 1 : 0))
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

/** The quarters that have more than one archive, which is for people to decide. */
export function conflictsOf(archives: Archive[]): Archive[][] {
  return [...Map.groupBy(archives, ({ quarter }) => quarter).values()].filter(({ length }) => length > 1)
}

/**
 * What is left to do for each archive, by the identity that each stage has seen last.
 * @param archives one a quarter; those that `rejected` names are left out
 */
export function planOf(
  archives: Archive[],
  rows: ArchiveRow[],
  stores: Plan['stores'],
  rejected: Rejection[] = [],
): Plan {
  const rowOf = new Map(rows.map((row) => [row.quarter, row]))
  const plan: Plan = {
    found: archives.length,
    archives: [],
    collect: [],
    process: [],
    load: [],
    unchanged: 0,
    rejected,
    stores,
  }
  const out = new Set(rejected.map(identity))
  for (const archive of archives.filter((one) => !out.has(identity(one)))) {
    const row = rowOf.get(archive.quarter)
    const seen = (stage: string | undefined) => stage === identity(archive)
    // A store that was left out when the quarter was loaded still lacks it.
    const inStores = (!stores.mysql || row?.stores?.mysql) && (!stores.redshift || row?.stores?.redshift)
    const loaded = seen(row?.loaded) && inStores
    const processed = loaded || seen(row?.processed)
    const collected = processed || seen(row?.collected)
    if (collected) plan.unchanged++
    else plan.collect.push(archive.quarter)
    if (!processed) plan.process.push(archive.quarter)
    if (loaded) continue
    plan.load.push(archive.quarter)
    plan.archives.push(archive)
  }
  return plan
}
