/** Amazon CloudWatch: metrics by the minute, alarms on them, dashboards. */
import type { Cloud } from '../../cloud.ts'
import type { Service } from '../../gateway/service.ts'
import { alarmOperations, type Dashboard, dashboardOperations } from './alarm-operations.ts'
import { type Alarm, createAlarms } from './alarms.ts'
import { createMay } from './may.ts'
import { metricOperations } from './metric-operations.ts'
import { createMetrics } from './metrics.ts'
import { monitoringResources } from './resources.ts'

const everyMillis = 60_000
/** Several data points that come together are looked at together. */
const settlingMillis = 100

export function createMonitoring(cloud: Cloud): Service {
  const metrics = createMetrics(cloud)
  const rows = cloud.collection<Alarm>('monitoring.alarms')
  const alarms = createAlarms(cloud, rows, metrics)
  let timer: NodeJS.Timeout | undefined
  let soon: NodeJS.Timeout | undefined

  /** Evaluates shortly, once the cloud has started. */
  function changed() {
    if (!timer || soon) return
    soon = setTimeout(() => {
      soon = undefined
      void alarms.evaluateAll()
    }, settlingMillis).unref()
  }

  return {
    name: 'monitoring',
    schemas: () => import('@aws-sdk/client-cloudwatch'),
    operations: {
      ...metricOperations(metrics, changed),
      ...alarmOperations(cloud, rows, alarms.setState, changed),
      ...dashboardOperations(cloud, cloud.collection<Dashboard>('monitoring.dashboards')),
    },
    may: createMay(cloud),
    resources: monitoringResources(cloud),
    start() {
      metrics.expire(Date.now())
      timer ??= setInterval(() => void alarms.evaluateAll(), everyMillis).unref()
      changed()
    },
    close() {
      clearInterval(timer)
      clearTimeout(soon)
      timer = undefined
    },
  }
}
