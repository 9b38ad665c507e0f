/** Operations on alarms and dashboards. */
import type { Cloud, Collection } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Operation } from '../../gateway/service.ts'
import { type Alarm, type AlarmConfiguration, isComparison, type StateValue } from './alarms.ts'

export interface Dashboard {
  name: string
  body: string
  /** ISO 8601. */
  modified: string
}

export function alarmOperations(
  cloud: Cloud,
  alarms: Collection<Alarm>,
  setState: (alarm: Alarm, state: StateValue, reason: string) => Promise<void>,
  changed: () => void,
): Record<string, Operation> {
  return {
    PutMetricAlarm(input: AlarmConfiguration) {
      const { AlarmName, EvaluationPeriods, ComparisonOperator, Threshold, Metrics, MetricName } = input
      if (!AlarmName) throw missing('AlarmName')
      if (!(EvaluationPeriods >= 1)) throw missing('EvaluationPeriods')
      if (!isComparison(ComparisonOperator))
        throw invalid(`The comparison ${ComparisonOperator} is not served locally.`)
      if (typeof Threshold !== 'number') throw missing('Threshold')
      if ((MetricName === undefined) === (Metrics === undefined))
        throw new AwsError('ValidationError', 'Exactly one of MetricName and Metrics must be specified', {}, 400)
      const existing = alarms.get(AlarmName)
      const now = new Date().toISOString()
      alarms.put(AlarmName, {
        arn: cloud.arn('cloudwatch', `alarm:${AlarmName}`),
        configuration: input,
        state: existing?.state ?? 'INSUFFICIENT_DATA',
        reason: existing?.reason ?? 'Unchecked: Initial alarm creation',
        stateUpdated: existing?.stateUpdated ?? now,
        updated: now,
      })
      changed()
      return {}
    },

    DescribeAlarms({ AlarmNames, AlarmNamePrefix = '', StateValue, MaxRecords = 50, NextToken }) {
      const all = alarms
        .entries(AlarmNamePrefix)
        .filter(
          ([name, alarm]) =>
            (AlarmNames?.includes(name) ?? true) && (StateValue === undefined || alarm.state === StateValue),
        )
        .filter(([name]) => NextToken === undefined || name > NextToken)
      const page = all.slice(0, MaxRecords)
      return {
        MetricAlarms: page.map(([, alarm]) => shape(alarm)),
        CompositeAlarms: [],
        ...(all.length > page.length && { NextToken: page.at(-1)![0] }),
      }
    },

    DescribeAlarmsForMetric: ({ MetricName, Namespace }) => ({
      MetricAlarms: alarms
        .entries()
        .filter(
          ([, { configuration }]) => configuration.MetricName === MetricName && configuration.Namespace === Namespace,
        )
        .map(([, alarm]) => shape(alarm)),
    }),

    DeleteAlarms({ AlarmNames = [] }) {
      for (const name of AlarmNames) alarms.delete(name)
      return {}
    },

    async SetAlarmState({ AlarmName, StateValue, StateReason }) {
      const alarm = alarms.get(AlarmName)
      if (!alarm) throw new AwsError('ResourceNotFound', `Alarm ${AlarmName} does not exist.`, {}, 404)
      await setState(alarm, StateValue, StateReason)
      return {}
    },

    EnableAlarmActions: ({ AlarmNames = [] }) => enable(AlarmNames, true),
    DisableAlarmActions: ({ AlarmNames = [] }) => enable(AlarmNames, false),
  }

  function enable(names: string[], ActionsEnabled: boolean) {
    for (const name of names) {
      const alarm = alarms.get(name)
      if (alarm) alarms.put(name, { ...alarm, configuration: { ...alarm.configuration, ActionsEnabled } })
    }
    return {}
  }
}

export function dashboardOperations(cloud: Cloud, dashboards: Collection<Dashboard>): Record<string, Operation> {
  const arnOf = (name: string) => `arn:aws:cloudwatch::${cloud.account}:dashboard/${name}`
  return {
    PutDashboard({ DashboardName: name, DashboardBody: body }) {
      try {
        JSON.parse(body)
      } catch {
        throw new AwsError('InvalidParameterInput', 'The field DashboardBody must be a valid JSON object', {}, 400)
      }
      dashboards.put(name, { name, body, modified: new Date().toISOString() })
      return { DashboardValidationMessages: [] }
    },

    GetDashboard({ DashboardName }) {
      const dashboard = dashboards.get(DashboardName)
      if (!dashboard) throw new AwsError('ResourceNotFound', `Dashboard ${DashboardName} does not exist`, {}, 404)
      return { DashboardName, DashboardArn: arnOf(DashboardName), DashboardBody: dashboard.body }
    },

    ListDashboards: ({ DashboardNamePrefix = '' }) => ({
      DashboardEntries: dashboards.entries(DashboardNamePrefix).map(([name, { body, modified }]) => ({
        DashboardName: name,
        DashboardArn: arnOf(name),
        LastModified: new Date(modified),
        Size: Buffer.byteLength(body),
      })),
    }),

    DeleteDashboards({ DashboardNames = [] }) {
      for (const name of DashboardNames) dashboards.delete(name)
      return {}
    },
  }
}

function shape({ arn, configuration, state, reason, stateUpdated, updated }: Alarm) {
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    Dimensions: [],
    ...configuration,
    AlarmArn: arn,
    AlarmConfigurationUpdatedTimestamp: new Date(updated),
    StateValue: state,
    StateReason: reason,
    StateUpdatedTimestamp: new Date(stateUpdated),
    StateTransitionedTimestamp: new Date(stateUpdated),
  }
}

const missing = (name: string) => new AwsError('ValidationError', `The parameter ${name} is required.`, {}, 400)
const invalid = (message: string) => new AwsError('InvalidParameterValueException', message)
