/** What a run of the batch workflow costs in AWS: each line a quantity, a price, and why. Pure arithmetic: nothing is asked of AWS. */
import { idleLines } from './idle.ts'
import type { CostLine, Section } from './line.ts'
import { DEPLOYED, ROWS_PER_LOAN, ROWS_PER_QUARTER } from './rates.ts'
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
  const each = times ? times.collect / size.quarters : 0
  const warnings =
    each > DEPLOYED.collectSeconds
      ? [
          `CollectQuarter would take ${Math.round(each)} s a quarter, but Lambda ends it after 900: give more --quarters.`,
        ]
      : []
  return {
    size,
    lines,
    totals: { run: sum('run'), storage: sum('storage'), idle: sum('idle'), total: sum() },
    warnings,
  }
}
