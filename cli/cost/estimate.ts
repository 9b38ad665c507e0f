/** What a run of the batch workflow costs in AWS: each line a quantity, a price, and why. Pure arithmetic: nothing is asked of AWS. */
import { idleLines } from './idle.ts'
import type { CostLine, Section } from './line.ts'
import { ASSUMED, DEPLOYED, ROWS_PER_LOAN, ROWS_PER_QUARTER } from './rates.ts'
import { durations, runLines, storageLines } from './run.ts'

/** All quarters together. */
export interface RunSize {
  loans: number
  rows: number
  quarters: number
}

export interface Estimate {
  size: RunSize
  lines: CostLine[]
  totals: Record<Section | 'total', number>
  /** What would not work as asked, in sentences. */
  warnings: string[]
}

/** Completes a size: 52 rows a loan and 17 million rows a quarter, as in the article's 1.3 billion. @throws RangeError when a number is no count */
export function runSize(asked: Partial<RunSize>): RunSize {
  const rows = asked.rows ?? Math.round((asked.loans ?? 0) * ROWS_PER_LOAN)
  const loans = asked.loans ?? Math.ceil(rows / ROWS_PER_LOAN)
  const quarters = asked.quarters ?? Math.ceil(rows / ROWS_PER_QUARTER)
  for (const [name, value] of Object.entries({ loans, rows, quarters })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${name} is ${value}, but it counts something: give a whole number from 0.`)
    }
  }
  if (rows > 0 && quarters === 0) throw new RangeError(`${rows} rows lie in some quarter: give quarters from 1.`)
  return { loans, rows, quarters }
}

/** A run that finds nothing new makes no cluster and loads nothing, so without rows only idle cost is left. */
export function estimate(size: RunSize): Estimate {
  const times = size.rows > 0 ? durations(size) : undefined
  const lines = [
    ...(times ? [...runLines(size, times), ...storageLines(size)] : []),
    ...idleLines((times?.run ?? 0) / 3600),
  ]
  const sum = (section?: Section) =>
    lines.filter((line) => !section || line.section === section).reduce((total, { amount }) => total + amount, 0)
  const warnings = times ? [...collectWarnings(times.collect / size.quarters), ...diskWarnings(size)] : []
  return {
    size,
    lines,
    totals: { run: sum('run'), storage: sum('storage'), idle: sum('idle'), total: sum() },
    warnings,
  }
}

/** @param seconds that a quarter takes */
function collectWarnings(seconds: number): string[] {
  if (seconds <= DEPLOYED.collectSeconds) return []
  return [
    `CollectQuarter would take ${Math.round(seconds)} s a quarter, but Lambda ends it after 900: give more --quarters.`,
  ]
}

/** What would fill a disk of the stack as it is deployed by default, and the parameters that change it. */
function diskWarnings({ loans, rows }: RunSize): string[] {
  const needed = (count: number, bytes: number) => (count * bytes) / 1e9 / ASSUMED.fullDisk
  const tens = (gigabytes: number) => Math.ceil(gigabytes / 10) * 10
  const cluster = needed(rows, ASSUMED.clusterBytesPerRow)
  const database = needed(loans, ASSUMED.databaseBytesPerLoan)
  const { coreNodes, coreDiskGb, databaseGb } = DEPLOYED
  return [
    ...(cluster > coreNodes * coreDiskGb
      ? [
          `Hive would want some ${tens(cluster)} GB on the core nodes, which have ${coreNodes * coreDiskGb}: deploy with --parameters ClusterDisk=${tens(cluster / coreNodes)}, or process fewer quarters at a time (input "quarters").`,
        ]
      : []),
    ...(database > databaseGb
      ? [
          `MySQL would want some ${tens(database)} GB, has ${databaseGb}, and grows once in six hours: deploy with --parameters DatabaseStorage=${tens(database)}, or load fewer quarters at a time.`,
        ]
      : []),
  ]
}
