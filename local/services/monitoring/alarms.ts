/** Alarms: their state follows their metric, and a change of state calls their actions (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html). */
import type { Cloud, Collection } from '../../cloud.ts'
import { type Dimension, type Metrics, type Series, statistic } from './metrics.ts'
import { checkPeriod, type MetricQuery, periodOf, runQueries } from './queries.ts'

export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'

/** PutMetricAlarm's input, as it was given. */
export interface AlarmConfiguration {
  AlarmName: string
  AlarmDescription?: string
  ActionsEnabled?: boolean
  OKActions?: string[]
  AlarmActions?: string[]
  InsufficientDataActions?: string[]
  Namespace?: string
  MetricName?: string
  Dimensions?: Dimension[]
  Statistic?: string
  ExtendedStatistic?: string
  Period?: number
  Metrics?: MetricQuery[]
  EvaluationPeriods: number
  DatapointsToAlarm?: number
  Threshold: number
  ComparisonOperator: string
  TreatMissingData?: string
}

export interface Alarm {
  arn: string
  configuration: AlarmConfiguration
  state: StateValue
  reason: string
  /** ISO 8601. */
  stateUpdated: string
  updated: string
}

const comparisons: Record<string, [says: string, holds: (value: number, threshold: number) => boolean]> = {
  GreaterThanOrEqualToThreshold: ['greater than or equal to', (value, threshold) => value >= threshold],
  GreaterThanThreshold: ['greater than', (value, threshold) => value > threshold],
  LessThanThreshold: ['less than', (value, threshold) => value < threshold],
  LessThanOrEqualToThreshold: ['less than or equal to', (value, threshold) => value <= threshold],
}

export const isComparison = (name: string) => Object.hasOwn(comparisons, name)

/** As in AWS, an alarm cannot watch a search. */
function only(series: Series | Series[]): Series {
  if (Array.isArray(series)) throw new Error('its expression gives several series')
  return series
}

export function createAlarms(cloud: Cloud, alarms: Collection<Alarm>, metrics: Metrics) {
  function evaluate(alarm: Alarm, now: number): { state: StateValue; reason: string } {
    const { configuration } = alarm
    const { EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods, Threshold, ComparisonOperator } = configuration
    const values = lastValues(configuration, now)
    const [says, holds] = comparisons[ComparisonOperator]!
    const treatment = configuration.TreatMissingData ?? 'missing'
    const present = values.filter((value) => value !== undefined)
    if (present.length === 0 && treatment === 'missing')
      return { state: 'INSUFFICIENT_DATA', reason: 'Insufficient Data: no datapoints were received.' }
    if (present.length === 0 && treatment === 'ignore') return { state: alarm.state, reason: alarm.reason }
    const breaching = values.filter((value) =>
      value === undefined ? treatment === 'breaching' : holds(value, Threshold),
    )
    const crossed = breaching.length >= DatapointsToAlarm
    const points = present.length > 0 ? `datapoints [${present.join(', ')}]` : 'missing datapoints'
    return {
      state: crossed ? 'ALARM' : 'OK',
      reason: `Threshold Crossed: ${breaching.length} of ${values.length} ${points} were ${says} the threshold (${Threshold}).`,
    }
  }

  /** The values of the last periods, the present one included; undefined where there is none. */
  function lastValues(configuration: AlarmConfiguration, now: number): (number | undefined)[] {
    const { Metrics: queries, EvaluationPeriods } = configuration
    const period = checkPeriod(queries ? periodOf(queries) : (configuration.Period ?? 60))
    const length = period * 1000
    const end = Math.floor(now / length) * length + length
    const start = end - EvaluationPeriods * length
    const returned = queries?.find(({ ReturnData = true }) => ReturnData)
    const series = returned
      ? only(runQueries(metrics, queries!, start, end).of(returned.Id))
      : statistic(
          metrics.periods(configuration as never, start, end, period),
          configuration.ExtendedStatistic ?? configuration.Statistic ?? 'Average',
        )
    return Array.from({ length: EvaluationPeriods }, (_, i) => series.get(start + i * length))
  }

  async function act(alarm: Alarm, before: StateValue) {
    const { configuration, state, reason, stateUpdated } = alarm
    const detail = {
      alarmName: configuration.AlarmName,
      state: { value: state, reason, timestamp: stateUpdated },
      previousState: { value: before },
      configuration: { description: configuration.AlarmDescription },
    }
    await attempt(alarm, 'EventBridge', () =>
      cloud.call(cloud.servicePrincipal('cloudwatch.amazonaws.com', alarm.arn), 'events', 'PutEvents', {
        Entries: [
          {
            Source: 'aws.cloudwatch',
            DetailType: 'CloudWatch Alarm State Change',
            Resources: [alarm.arn],
            Detail: JSON.stringify(detail),
          },
        ],
      }),
    )
    const actions = {
      ALARM: configuration.AlarmActions,
      OK: configuration.OKActions,
      INSUFFICIENT_DATA: configuration.InsufficientDataActions,
    }
    if (configuration.ActionsEnabled === false) return
    for (const action of actions[state] ?? []) await attempt(alarm, action, () => call(alarm, before, action))
  }

  function call(alarm: Alarm, before: StateValue, action: string): Promise<unknown> {
    const { configuration, state, reason, stateUpdated, arn } = alarm
    const kind = action.split(':')[2]
    if (kind === 'sns') {
      const message = {
        AlarmName: configuration.AlarmName,
        AlarmDescription: configuration.AlarmDescription ?? null,
        AWSAccountId: cloud.account,
        NewStateValue: state,
        NewStateReason: reason,
        StateChangeTime: stateUpdated,
        Region: cloud.region,
        AlarmArn: arn,
        OldStateValue: before,
      }
      return cloud.call(cloud.servicePrincipal('cloudwatch.amazonaws.com', arn), 'sns', 'Publish', {
        TopicArn: action,
        Subject: `${state}: "${configuration.AlarmName}" in ${cloud.region}`.slice(0, 99),
        Message: JSON.stringify(message),
      })
    }
    if (kind === 'lambda')
      return cloud.call(cloud.servicePrincipal('lambda.alarms.cloudwatch.amazonaws.com', arn), 'lambda', 'Invoke', {
        FunctionName: action,
        InvocationType: 'Event',
        Payload: Buffer.from(
          JSON.stringify({
            source: 'aws.cloudwatch',
            alarmArn: arn,
            alarmData: { alarmName: configuration.AlarmName, state: { value: state, reason } },
          }),
        ),
      })
    throw new Error('the local cloud calls topics and functions only')
  }

  async function attempt(alarm: Alarm, what: string, work: () => Promise<unknown>) {
    try {
      await work()
    } catch (error) {
      // A cloud without an event bus is no failure of the alarm.
      if (what === 'EventBridge' && (error as Error).name === 'UnknownOperationException') return
      cloud.log(
        'error',
        `The alarm ${alarm.configuration.AlarmName} could not call ${what}: ${(error as Error).message}`,
      )
    }
  }

  async function setState(alarm: Alarm, state: StateValue, reason: string): Promise<void> {
    if (state === alarm.state && reason === alarm.reason) return
    const before = alarm.state
    const stateUpdated = state === before ? alarm.stateUpdated : new Date().toISOString()
    const changed = { ...alarm, state, reason, stateUpdated }
    alarms.put(alarm.configuration.AlarmName, changed)
    if (state === before) return
    cloud.log(state === 'ALARM' ? 'warn' : 'info', `The alarm ${alarm.configuration.AlarmName} is ${state}: ${reason}`)
    await act(changed, before)
  }

  return {
    setState,
    async evaluateAll(now = Date.now()): Promise<void> {
      for (const [name, alarm] of alarms.entries())
        try {
          const { state, reason } = evaluate(alarm, now)
          await setState(alarm, state, reason)
        } catch (error) {
          cloud.log('error', `The alarm ${name} cannot be evaluated: ${(error as Error).message}`)
        }
    },
  }
}
