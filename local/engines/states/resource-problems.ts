/** Whether the Resource of a Task names something that Step Functions can call, with AWS's texts. */
import { parseResource } from './resource.ts'
import { optimisedActions } from './state-fields.ts'

export function resourceProblems(resource: string, express: boolean): string[] {
  const unknown = `The resource provided ${resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`
  const integration = parseResource(resource)
  const problems: string[] = []
  if (integration.kind === 'service') {
    const known = integration.sdk || optimisedActions[integration.service]?.includes(integration.action)
    if (!known) problems.push(unknown)
    if (express && integration.pattern !== 'request')
      problems.push(`Express state machine does not support '.${integration.pattern}' service integration `)
  } else if (integration.kind === 'activity') {
    if (express) problems.push('Express state machine does not support Activity ARN')
  } else if (/^arn:[\w-]+:states:/.test(resource)) problems.push(unknown)
  else if (resource === '' || /\s/.test(resource)) problems.push('Value is not a valid resource ARN')
  return problems
}
