/** Alarms and dashboards of the template. */
import { z } from 'zod'
import type { Cloud } from '../../cloud.ts'
import type { ResourceType } from '../../gateway/service.ts'

const number = z.coerce.number()
const alarmProperties = z.looseObject({
  AlarmName: z.string().optional(),
  EvaluationPeriods: number,
  Threshold: number,
  Period: number.optional(),
  DatapointsToAlarm: number.optional(),
  Metrics: z
    .array(
      z.looseObject({
        Id: z.string(),
        Period: number.optional(),
        MetricStat: z.looseObject({ Period: number }).optional(),
      }),
    )
    .optional(),
})

export function monitoringResources(cloud: Cloud): Record<string, ResourceType> {
  const call = (operation: string, input: object) => cloud.call(cloud.admin, 'monitoring', operation, input)

  return {
    'AWS::CloudWatch::Alarm': {
      async apply({ properties, previous, physicalName }) {
        const { AlarmName = physicalName({ max: 255 }), Tags: _tags, ...rest } = alarmProperties.parse(properties)
        const { MetricAlarms } = await call('DescribeAlarms', { AlarmNames: [AlarmName] })
        // An alarm that is as it was keeps its state and the time it took it.
        if (MetricAlarms.length === 0 || JSON.stringify(previous?.properties) !== JSON.stringify(properties))
          await call('PutMetricAlarm', { ...rest, AlarmName })
        return { ref: AlarmName, attributes: { Arn: cloud.arn('cloudwatch', `alarm:${AlarmName}`) } }
      },
      remove: ({ ref }) => call('DeleteAlarms', { AlarmNames: [ref] }),
    },

    'AWS::CloudWatch::Dashboard': {
      async apply({ properties: { DashboardName: given, DashboardBody }, physicalName }) {
        const DashboardName = given ?? physicalName({ max: 255 })
        await call('PutDashboard', { DashboardName, DashboardBody })
        return { ref: DashboardName }
      },
      remove: ({ ref }) => call('DeleteDashboards', { DashboardNames: [ref] }),
    },
  }
}
