/** What permission each operation needs (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html). */
import type { Cloud } from '../../cloud.ts'
import { ownerOf } from '../../engines/states/token.ts'
import type { Permission } from '../../gateway/service.ts'

/** The member of an operation's input that names the resource. */
const resourceOf: Record<string, string> = {
  CreateStateMachineAlias: '',
  DeleteActivity: 'activityArn',
  DeleteStateMachine: 'stateMachineArn',
  DeleteStateMachineAlias: 'stateMachineAliasArn',
  DeleteStateMachineVersion: 'stateMachineVersionArn',
  DescribeActivity: 'activityArn',
  DescribeExecution: 'executionArn',
  DescribeMapRun: 'mapRunArn',
  DescribeStateMachine: 'stateMachineArn',
  DescribeStateMachineAlias: 'stateMachineAliasArn',
  DescribeStateMachineForExecution: 'executionArn',
  GetActivityTask: 'activityArn',
  GetExecutionHistory: 'executionArn',
  ListExecutions: 'stateMachineArn',
  ListMapRuns: 'executionArn',
  ListStateMachineAliases: 'stateMachineArn',
  ListStateMachineVersions: 'stateMachineArn',
  ListTagsForResource: 'resourceArn',
  PublishStateMachineVersion: 'stateMachineArn',
  RedriveExecution: 'executionArn',
  StartExecution: 'stateMachineArn',
  StartSyncExecution: 'stateMachineArn',
  StopExecution: 'executionArn',
  TagResource: 'resourceArn',
  UntagResource: 'resourceArn',
  UpdateMapRun: 'mapRunArn',
  UpdateStateMachine: 'stateMachineArn',
  UpdateStateMachineAlias: 'stateMachineAliasArn',
}

export function may(cloud: Cloud, operation: string, input: any): Permission[] {
  const action = `states:${operation}`
  const passed: Permission[] =
    input?.roleArn !== undefined
      ? [
          {
            action: 'iam:PassRole',
            resource: String(input.roleArn),
            context: { 'iam:PassedToService': 'states.amazonaws.com' },
          },
        ]
      : []
  if (operation === 'CreateStateMachine')
    return [{ action, resource: cloud.arn('states', `stateMachine:${input?.name}`) }, ...passed]
  if (operation === 'CreateActivity') return [{ action, resource: cloud.arn('states', `activity:${input?.name}`) }]
  if (operation === 'CreateStateMachineAlias') {
    const version = String(input?.routingConfiguration?.[0]?.stateMachineVersionArn ?? '*')
    return [{ action, resource: version.replace(/:\d+$/, '') }]
  }
  if (operation.startsWith('SendTask')) return [{ action, resource: ownerOf(String(input?.taskToken ?? '')) ?? '*' }]
  const member = resourceOf[operation]
  const resource = member && input?.[member] !== undefined ? String(input[member]) : '*'
  return [{ action, resource }, ...passed]
}
