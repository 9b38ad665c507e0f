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

export interface Analysis {
  /** Loans by the year of their first payment. */
  years: { year: number; loans: number; upb: number }[]
  /** The commonest first. */
  states: { state: string; loans: number }[]
  /** Percent by month, as a fraction of years: March 1999 is 1999.1667. */
  rates: Series[]
  /** Percent of the loans that report, by age in months. */
  behind: Series[]
  /** Percent of the vintage's loans, cumulative, by age in months. */
  prepaid: Series[]
  /** Losses of the vintage in basis points of the balance it began with. */
  losses: { quarter: string; basisPoints: number; dollars: number }[]
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
  const began = new Map(made.map((row) => [String(row.quarter), { loans: Number(row.loans), upb: Number(row.upb) }]))
  const ages = Map.groupBy(aged, (row) => String(row.quarter))
  const curve = (height: (row: Row, loans: number) => number): Series[] =>
    [...ages].map(([name, rows]) => ({
      name,
      points: rows.map((row) => [Number(row.age), height(row, began.get(name)?.loans ?? 0)]),
    }))
  const counts = new Map(aged.map((row) => [`${row.quarter}|${row.age}`, Number(row.loans)]))
  const reporting = (quarter: string, age: number) => counts.get(`${quarter}|${age}`) ?? 0
  const sums = new Map<string, number>()
  const cumulative = (row: Row) => {
    const sum = (sums.get(String(row.quarter)) ?? 0) + Number(row.prepaid)
    sums.set(String(row.quarter), sum)
    return sum
  }
  return {
    years: years.map((row) => ({ year: Number(row.year), loans: Number(row.loans), upb: Number(row.upb) })),
    states: states.map((row) => ({ state: String(row.state), loans: Number(row.loans) })),
    rates: [...Map.groupBy(monthly, (row) => String(row.quarter))].map(([name, rows]) => ({
      name,
      points: rows.map((row) => [yearOf(String(row.month)), Number(row.rate)]),
    })),
    behind: curve((row) => percent(Number(row.behind), Number(row.loans))).map((one) => ({
      ...one,
      points: one.points.filter(([age]) => reporting(one.name, age) >= FEW * (began.get(one.name)?.loans ?? 0)),
    })),
    prepaid: curve((row, loans) => percent(cumulative(row), loans)),
    losses: [...ages].map(([quarter, rows]) => {
      const dollars = rows.reduce((sum, row) => sum + Number(row.loss), 0)
      return { quarter, dollars, basisPoints: percent(dollars, began.get(quarter)?.upb ?? 0) * 100 }
    }),
  }
}

/** A share of less than this part of a vintage's loans is chance: only its youngest loans, or its last, are that old. */
const FEW = 0.1

const percent = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100)

function yearOf(month: string): number {
  const [year = 0, monthOfYear = 1] = month.split('-').map(Number)
  return year + (monthOfYear - 1) / 12
}
