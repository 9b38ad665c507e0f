/** The permissions of CloudWatch (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html). */
import type { Cloud } from '../../cloud.ts'
import type { Call, Permission } from '../../gateway/service.ts'

export function createMay(cloud: Cloud) {
  const alarmArn = (name: string) => cloud.arn('cloudwatch', `alarm:${name}`)
  const dashboardArn = (name: string) => `arn:aws:cloudwatch::${cloud.account}:dashboard/${name}`

  return function may(operation: string, input: any, { principal }: Call): Permission[] {
    const action = `cloudwatch:${operation}`
    if (operation === 'PutMetricData') {
      // Services report their own metrics without asking anybody.
      if (principal.service) return []
      return [{ action, resource: '*', context: { 'cloudwatch:namespace': input.Namespace } }]
    }
    const alarms: string[] = input.AlarmNames ?? (input.AlarmName === undefined ? [] : [input.AlarmName])
    const dashboards: string[] =
      input.DashboardNames ?? (input.DashboardName === undefined ? [] : [input.DashboardName])
    const resources = [...alarms.map(alarmArn), ...dashboards.map(dashboardArn)]
    if (operation === 'DescribeAlarms' && resources.length === 0) resources.push(alarmArn('*'))
    return (resources.length > 0 ? resources : ['*']).map((resource) => ({ action, resource }))
  }
}
