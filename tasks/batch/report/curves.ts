/** How one vintage does as it ages, in the mortgage market's measures. */
import type { Vintage } from './analysis.ts'

/** One age of one vintage, as sql/redshift/report/curves.sql tells it. */
export interface Age {
  /** Months since the first payment was due; null where nothing tells. */
  age: number | null
  reported: number
  active: number
  behind: number
  prepaid: number
  defaulted: number
  /** Dollars. */
  loss: number
  /** The latest month of a record of this age, as `2000-12-01`. */
  month: string
}

type Points = [x: number, y: number][]

export interface Curves {
  behind: Points
  speed: Points
  prepaid: Points
  defaulted: Points
  losses: Points
}

/** A share of less than this part of a vintage's loans is chance. */
const FEW = 0.1
/** A curve ends where less than this part of the loans could have come by now: what it adds up would seem to stand still. */
const MOST = 0.9
/** Months whose speed is told together, as the market does: one month alone is noise. */
const SPEED_MONTHS = 3

/** @param firstPayments the vintage's loans by month of the first payment */
export function curvesOf(
  { loans, upb }: Pick<Vintage, 'loans' | 'upb'>,
  ages: Age[],
  firstPayments: { month: number; loans: number }[],
): Curves {
  const last = Math.max(...ages.map(({ month }) => monthNumber(month)))
  const total = firstPayments.reduce((sum, made) => sum + made.loans, 0)
  const couldBe = (age: number) =>
    firstPayments.reduce((sum, made) => sum + (made.month + age <= last ? made.loans : 0), 0)
  const known = ages.filter((one): one is Age & { age: number } => one.age !== null).sort((a, b) => a.age - b.age)
  const seen = known.filter(({ age }) => couldBe(age) >= MOST * total)
  const shown = seen.filter(({ age }) => age >= 0)

  // What happened before the first age that is drawn counts too.
  const cumulative = (amount: (age: Age) => number, whole: number): Points => {
    let sum = 0
    const points = seen.map((one): [number, number] => {
      sum += amount(one)
      return [one.age, share(sum, whole)]
    })
    return points.filter(([age]) => age >= 0)
  }
  return {
    behind: shown
      .filter(({ active }) => active > 0 && active >= FEW * loans)
      .map(({ age, active, behind }) => [age, 100 * share(behind, active)]),
    speed: speed(shown.filter(({ reported }) => reported > 0 && reported >= FEW * loans)),
    prepaid: cumulative(({ prepaid }) => 100 * prepaid, loans),
    defaulted: cumulative(({ defaulted }) => 100 * defaulted, loans),
    losses: cumulative(({ loss }) => 10_000 * loss, upb),
  }
}

/**
 * The conditional prepayment rate in percent a year: the part of the loans alive at a month's beginning that is paid off within it (SMM), made
 * yearly, 1 − (1 − SMM)¹². By loans, not by balance: not every layout states the balance that was paid off.
 */
function speed(ages: (Age & { age: number })[]): Points {
  return ages.flatMap(({ age }, i): Points => {
    const window = ages.slice(Math.max(0, i - SPEED_MONTHS + 1), i + 1)
    if (window.length < SPEED_MONTHS || window[0]!.age !== age - SPEED_MONTHS + 1) return []
    const staying = window.reduce((product, { prepaid, reported }) => product * (1 - share(prepaid, reported)), 1)
    return [[age, 100 * (1 - staying ** (12 / SPEED_MONTHS))]]
  })
}

/** Months since the year 0: `1999-03-01` is 1999 × 12 + 2. */
export function monthNumber(date: string): number {
  const [year = 0, month = 1] = date.split('-').map(Number)
  return year * 12 + month - 1
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
