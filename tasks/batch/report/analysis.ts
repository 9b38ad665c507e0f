/** What the loaded loans are like, asked of the warehouse: by year and state, their rates, and how each vintage does as it ages. */
import curves from '../../../sql/redshift/report/curves.sql'
import byState from '../../../sql/redshift/report/loans-by-state.sql'
import byYear from '../../../sql/redshift/report/loans-by-year.sql'
import rates from '../../../sql/redshift/report/rates.sql'
import vintages from '../../../sql/redshift/report/vintages.sql'
import { ConfigurationError } from '../../errors.ts'
import type { Series } from '../../report/charts.ts'
import { quotedList, render, statements } from '../../script.ts'
import type { Row } from '../redshift/data-api.ts'
import { type Age, curvesOf, monthNumber } from './curves.ts'

export interface Analysis {
  /** Loans by the year of their first payment; balances in dollars. */
  years: { year: number; loans: number; upb: number }[]
  /** The commonest first. */
  states: { state: string; loans: number }[]
  vintages: Vintage[]
  /** Series have one entry a vintage, in the order of `vintages`, and all but `rates` stand over months since the first payment was due. */
  series: {
    /** The average rate of new loans in percent, by month since the year 0. */
    rates: Series[]
    /** Percent of the active loans with three or more payments missed, or taken back. */
    behind: Series[]
    /** Conditional prepayment rate, percent a year. */
    speed: Series[]
    /** Percent of the vintage's loans, cumulative. */
    prepaid: Series[]
    /** Percent of the vintage's loans, cumulative. */
    defaulted: Series[]
    /** Basis points of the vintage's original balance, cumulative. */
    losses: Series[]
  }
}

export interface Vintage {
  quarter: string
  loans: number
  /** The original balance in dollars. */
  upb: number
  /** Averages weighted by balance; null where no loan tells. */
  rate: number | null
  score: number | null
  ltv: number | null
  /** The last month that is reported, as `2000-12`; undefined when none is. */
  reportedTo: string | undefined
  prepaid: number
  defaulted: number
  /** Net, in dollars. */
  loss: number
}

/**
 * @param quarters the ones that the warehouse holds, at least one
 * @param ask runs one SELECT
 */
export async function analyse(quarters: string[], ask: (sql: string) => Promise<Row[]>): Promise<Analysis> {
  const rows = (script: string) => {
    const [sql] = statements(render(script, { QUARTERS: quotedList(quarters) }))
    if (sql === undefined) throw new ConfigurationError('A script of sql/redshift/report holds no statement.')
    return ask(sql)
  }
  const [years, states, monthly, aged, made] = await Promise.all([byYear, byState, rates, curves, vintages].map(rows))
  return analysisOf({ years, states, monthly, aged, made } as Answers)
}

interface Answers {
  years: Row[]
  states: Row[]
  monthly: Row[]
  aged: Row[]
  made: Row[]
}

export function analysisOf({ years, states, monthly, aged, made }: Answers): Analysis {
  const agesOf = Map.groupBy(aged.map(age), (row) => row.quarter)
  const monthsOf = Map.groupBy(monthly.map(firstPayments), (row) => row.quarter)
  const vintages = made.map((row) => vintage(row, agesOf.get(String(row.quarter)) ?? []))
  const drawn = vintages.map((one) => curvesOf(one, agesOf.get(one.quarter) ?? [], monthsOf.get(one.quarter) ?? []))
  const series = (points: (index: number) => Series['points']): Series[] =>
    vintages.map(({ quarter }, i) => ({ name: quarter, points: points(i) }))
  return {
    years: years.map((row) => ({ year: Number(row.year), loans: Number(row.loans), upb: Number(row.upb) })),
    states: states.map((row) => ({ state: String(row.state), loans: Number(row.loans) })),
    vintages,
    series: {
      rates: series((i) =>
        (monthsOf.get(vintages[i]!.quarter) ?? []).flatMap(({ month, rate }) => (rate === null ? [] : [[month, rate]])),
      ),
      behind: series((i) => drawn[i]!.behind),
      speed: series((i) => drawn[i]!.speed),
      prepaid: series((i) => drawn[i]!.prepaid),
      defaulted: series((i) => drawn[i]!.defaulted),
      losses: series((i) => drawn[i]!.losses),
    },
  }
}

function vintage(row: Row, ages: Age[]): Vintage {
  const sum = (of: (age: Age) => number) => ages.reduce((total, one) => total + of(one), 0)
  const last = ages
    .map(({ month }) => month)
    .sort()
    .at(-1)
  return {
    quarter: String(row.quarter),
    loans: Number(row.loans),
    upb: Number(row.upb),
    rate: numberOrNull(row.rate),
    score: numberOrNull(row.score),
    ltv: numberOrNull(row.ltv),
    reportedTo: last?.slice(0, 7),
    prepaid: sum(({ prepaid }) => prepaid),
    defaulted: sum(({ defaulted }) => defaulted),
    loss: sum(({ loss }) => loss),
  }
}

function age(row: Row): Age & { quarter: string } {
  const [reported, active, behind, prepaid, defaulted, loss] = [
    Number(row.reported),
    Number(row.active),
    Number(row.behind),
    Number(row.prepaid),
    Number(row.defaulted),
    Number(row.loss),
  ]
  const quarter = String(row.quarter)
  return {
    quarter,
    age: numberOrNull(row.age),
    reported,
    active,
    behind,
    prepaid,
    defaulted,
    loss,
    month: String(row.month),
  }
}

function firstPayments(row: Row) {
  return {
    quarter: String(row.quarter),
    month: monthNumber(String(row.month)),
    loans: Number(row.loans),
    rate: numberOrNull(row.rate),
  }
}

const numberOrNull = (value: Row[string] | undefined) => (value === null || value === undefined ? null : Number(value))
