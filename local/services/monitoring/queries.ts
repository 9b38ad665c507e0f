/** Reading metrics: GetMetricData's queries, which alarms use too. */
import { AwsError } from '../../gateway/aws-error.ts'
import { evaluate } from './math.ts'
import { type Metric, type Metrics, type Series, statistic } from './metrics.ts'
import { searchMetrics } from './search.ts'

/** A query as GetMetricData and PutMetricAlarm have it. */
export interface MetricQuery {
  Id: string
  Expression?: string
  Label?: string
  Period?: number
  ReturnData?: boolean
  MetricStat?: { Metric: Metric; Period: number; Stat: string }
}

/** What queries give, by their id. */
export interface Answers {
  /** One series, or those of a search, which other expressions do not see. */
  of(id: string): Series | Series[]
}

/** @throws AwsError ValidationError, InvalidParameterValueException */
export function runQueries(metrics: Metrics, queries: MetricQuery[], start: number, end: number): Answers {
  const results = new Map<string, Series>()
  const several = new Map<string, Series[]>()
  for (const { Id, MetricStat } of queries) {
    if (!MetricStat) continue
    const period = checkPeriod(MetricStat.Period)
    results.set(Id, statistic(metrics.periods(MetricStat.Metric, start, end, period), MetricStat.Stat))
  }
  // Expressions may use each other: those go first that others wait for.
  let waiting = queries.filter(({ Expression }) => Expression !== undefined)
  while (waiting.length > 0) {
    const ids = new Set(waiting.map(({ Id }) => Id))
    const ready = waiting.filter(({ Expression }) => !wordsOf(Expression!).some((word) => ids.has(word)))
    if (ready.length === 0)
      throw new AwsError('ValidationError', `The expressions ${[...ids].join(', ')} depend on each other.`, {}, 400)
    for (const { Id, Expression, Period } of ready) {
      const times = timesBetween(start, end, checkPeriod(Period ?? periodOf(queries)))
      const found = evaluate(Expression!, { series: results, times, search })
      if (Array.isArray(found)) several.set(Id, found)
      else results.set(Id, found)
    }
    waiting = waiting.filter((query) => !ready.includes(query))
  }
  return { of: (id) => several.get(id) ?? results.get(id) ?? new Map() }

  function search(expression: string, name: string, period: number): Series[] {
    return searchMetrics(metrics.list(), expression)
      .map((metric) => statistic(metrics.periods(metric, start, end, checkPeriod(period)), name))
      .filter((series) => series.size > 0)
  }
}

/** The largest period of the metrics that queries use. */
export function periodOf(queries: MetricQuery[]): number {
  return Math.max(60, ...queries.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0))
}

/** @throws AwsError InvalidParameterValueException */
export function checkPeriod(period: number): number {
  if (period >= 60 && period % 60 === 0) return period
  throw new AwsError(
    'InvalidParameterValueException',
    `The parameter Period must be a value of 60 seconds or a multiple of it, not ${period}: the local cloud keeps minutes.`,
  )
}

function timesBetween(start: number, end: number, period: number): number[] {
  const length = period * 1000
  const first = Math.floor(start / length) * length
  return Array.from({ length: Math.max(Math.ceil((end - first) / length), 0) }, (_, i) => first + i * length)
}

const wordsOf = (expression: string) => expression.replace(/'[^']*'/g, '').match(/[A-Za-z_]\w*/g) ?? []
