/** Putting and getting metric data. */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Call, Operation } from '../../gateway/service.ts'
import { type Dimension, type Metric, type Metrics, statistic } from './metrics.ts'
import { checkPeriod, type MetricQuery, runQueries } from './queries.ts'

const mostData = 1000
const mostPoints = 1440

export function metricOperations(metrics: Metrics, changed: () => void): Record<string, Operation> {
  return {
    PutMetricData({ Namespace, MetricData = [] }, { principal }: Call) {
      if (!Namespace || (/^AWS\//.test(Namespace) && !principal.service))
        throw invalid(`The value ${Namespace} for parameter Namespace is invalid.`)
      if (MetricData.length > mostData)
        throw invalid(`The collection MetricData must not have a size greater than ${mostData}.`)
      for (const datum of MetricData) put(Namespace, datum)
      changed()
      return {}
    },

    GetMetricData({ MetricDataQueries = [], StartTime, EndTime, ScanBy = 'TimestampDescending' }) {
      const queries = MetricDataQueries as MetricQuery[]
      const results = runQueries(metrics, queries, millis(StartTime), millis(EndTime))
      return {
        MetricDataResults: queries
          .filter(({ ReturnData = true }) => ReturnData)
          .flatMap(({ Id, Label, MetricStat, Expression }) =>
            [results.of(Id)].flat().map((series) => {
              const points = [...series].sort(([a], [b]) => (ScanBy === 'TimestampAscending' ? a - b : b - a))
              return {
                Id,
                Label: Label ?? MetricStat?.Metric.MetricName ?? Expression,
                Timestamps: points.map(([time]) => new Date(time)),
                Values: points.map(([, value]) => value),
                StatusCode: 'Complete',
              }
            }),
          ),
        Messages: [],
      }
    },

    GetMetricStatistics(input) {
      const { MetricName, StartTime, EndTime, Period, Statistics = [], ExtendedStatistics = [] } = input
      const periods = metrics.periods(input as Metric, millis(StartTime), millis(EndTime), checkPeriod(Period))
      if (periods.size > mostPoints)
        throw new AwsError(
          'InvalidParameterCombinationException',
          `You have requested up to ${periods.size} datapoints, which exceeds the limit of ${mostPoints}.`,
        )
      const columns = [...Statistics, ...ExtendedStatistics].map(
        (name: string) => [name, statistic(periods, name)] as const,
      )
      const valuesAt = (time: number, names: string[]) =>
        Object.fromEntries(
          columns.filter(([name]) => names.includes(name)).map(([name, series]) => [name, series.get(time)]),
        )
      return {
        Label: MetricName,
        Datapoints: [...periods].map(([time, { unit = 'None' }]) => ({
          Timestamp: new Date(time),
          Unit: unit,
          ...valuesAt(time, Statistics),
          ...(ExtendedStatistics.length > 0 && { ExtendedStatistics: valuesAt(time, ExtendedStatistics) }),
        })),
      }
    },

    ListMetrics({ Namespace, MetricName, Dimensions = [], NextToken }) {
      const page = 500
      const has = (metric: Metric, { Name, Value }: { Name: string; Value?: string }) =>
        (metric.Dimensions ?? []).some((one) => one.Name === Name && (Value === undefined || one.Value === Value))
      const all = metrics
        .list()
        .filter((metric) => Namespace === undefined || metric.Namespace === Namespace)
        .filter((metric) => MetricName === undefined || metric.MetricName === MetricName)
        .filter((metric) => Dimensions.every((wanted: Dimension) => has(metric, wanted)))
      const start = Number(NextToken ?? 0)
      return {
        Metrics: all.slice(start, start + page),
        ...(all.length > start + page && { NextToken: String(start + page) }),
      }
    },
  }

  function put(Namespace: string, datum: any) {
    const { MetricName, Dimensions = [], Timestamp, Value, Values, Counts, StatisticValues, Unit } = datum
    if (!MetricName)
      throw new AwsError(
        'MissingRequiredParameterException',
        'The parameter MetricData.member.N.MetricName is required.',
      )
    const metric = { Namespace, MetricName, Dimensions }
    const time = Timestamp === undefined ? Date.now() : millis(Timestamp)
    if (StatisticValues) return metrics.addSet(metric, time, StatisticValues, Unit)
    const values: number[] = Values ?? (Value === undefined ? [] : [Value])
    if (values.length === 0)
      throw invalid(
        `At least one of the parameters must be specified: Value, Values, StatisticValues (metric ${MetricName}).`,
      )
    if (values.some((value) => !Number.isFinite(value)))
      throw invalid(`The value of the metric ${MetricName} is no number.`)
    metrics.add(
      metric,
      time,
      values.map((value, i) => [value, Counts?.[i] ?? 1]),
      Unit,
    )
  }
}

const millis = (time: Date | string | number) => new Date(time).getTime()
const invalid = (message: string) => new AwsError('InvalidParameterValueException', message)
