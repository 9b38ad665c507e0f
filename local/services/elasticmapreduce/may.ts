/** The permissions of EMR (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticmapreduce.html). */
import type { Permission } from '../../gateway/service.ts'
import { profileRole, roleArn } from './identity.ts'
import type { Store } from './store.ts'

export function createMay(store: Store) {
  const { cloud } = store
  return function may(operation: string, input: any): Permission[] {
    const action = `elasticmapreduce:${operation}`
    if (operation === 'RunJobFlow') return runJobFlow(input)
    const ids: string[] = input.JobFlowIds ?? [input.ClusterId ?? input.JobFlowId ?? input.ResourceId].filter(Boolean)
    if (!ids.length) return [{ action, resource: '*' }]
    const permissions = ids.map((id): Permission => {
      const tags = store.clusters.get(id)?.tags ?? {}
      const context = Object.fromEntries(
        Object.entries(tags).flatMap(([key, value]) => [
          [`aws:ResourceTag/${key}`, value],
          [`elasticmapreduce:ResourceTag/${key}`, value],
        ]),
      )
      return { action, resource: store.arn(id), context }
    })
    return input.ExecutionRoleArn
      ? [
          ...permissions,
          {
            action: 'iam:PassRole',
            resource: input.ExecutionRoleArn,
            context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
          },
        ]
      : permissions
  }

  /** The roles are passed on: one to EMR, one to the instances. Tags and a policy need their own permissions. */
  function runJobFlow(input: any): Permission[] {
    const anyCluster = store.arn('*')
    const tags: { Key?: string; Value?: string }[] = input.Tags ?? []
    const context = Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value]))
    const nodeRole = input.JobFlowRole && profileRole(cloud, input.JobFlowRole)
    return [
      { action: 'elasticmapreduce:RunJobFlow', resource: '*', context },
      ...(tags.length ? [{ action: 'elasticmapreduce:AddTags', resource: anyCluster, context }] : []),
      ...(input.AutoTerminationPolicy
        ? [{ action: 'elasticmapreduce:PutAutoTerminationPolicy', resource: anyCluster }]
        : []),
      ...(input.ServiceRole ? [passRole(roleArn(cloud, input.ServiceRole), 'elasticmapreduce.amazonaws.com')] : []),
      ...(nodeRole ? [passRole(nodeRole, 'ec2.amazonaws.com')] : []),
    ]
  }
}

const passRole = (resource: string, service: string): Permission => ({
  action: 'iam:PassRole',
  resource,
  context: { 'iam:PassedToService': service },
})
