/** Workflows and executions by the names that people type. */
import {
  DescribeExecutionCommand,
  type ExecutionListItem,
  paginateListExecutions,
  paginateListStateMachines,
  type SFNClient,
} from '@aws-sdk/client-sfn'
import { CliError } from './errors.ts'

export interface Workflow {
  /** `batch` */
  name: string
  stateMachineArn: string
}

/** The deployed workflows: state machine `Stepwell-Batch` is the workflow `batch`, `Stepwell-StreamTeardown` is `stream-teardown`. */
export async function listWorkflows(states: SFNClient): Promise<Workflow[]> {
  const workflows: Workflow[] = []
  for await (const page of paginateListStateMachines({ client: states }, {})) {
    for (const { name, stateMachineArn } of page.stateMachines ?? []) {
      workflows.push({ name: workflowName(name!), stateMachineArn: stateMachineArn! })
    }
  }
  return workflows.sort((a, b) => (a.name < b.name ? -1 : 1))
}

export function workflowName(stateMachineName: string): string {
  return stateMachineName
    .slice(stateMachineName.lastIndexOf('-') + 1)
    .replaceAll(/(?<=.)[A-Z]/g, '-$&')
    .toLowerCase()
}

/** @throws CliError naming the workflows that there are */
export async function findWorkflow(states: SFNClient, name: string): Promise<Workflow> {
  const workflows = await listWorkflows(states)
  const found = workflows.find((workflow) => workflow.name === name || workflow.stateMachineArn === name)
  if (found) return found
  const known = workflows.map((workflow) => workflow.name).join(', ') || 'none'
  throw new CliError(`There is no workflow "${name}". Deployed are: ${known}.`)
}

/** All executions, newest first. */
export async function listExecutions(states: SFNClient): Promise<(ExecutionListItem & { workflow: string })[]> {
  const executions: (ExecutionListItem & { workflow: string })[] = []
  for (const { name, stateMachineArn } of await listWorkflows(states)) {
    for await (const page of paginateListExecutions({ client: states }, { stateMachineArn })) {
      for (const execution of page.executions ?? []) executions.push({ ...execution, workflow: name })
    }
  }
  return executions.sort((a, b) => Number(b.startDate) - Number(a.startDate))
}

/** An execution by its ARN, its name, the beginning of its name, or `latest`. @throws CliError when none or several fit */
export async function findExecution(states: SFNClient, id: string): Promise<string> {
  if (id.startsWith('arn:')) {
    const { executionArn } = await states.send(new DescribeExecutionCommand({ executionArn: id }))
    return executionArn!
  }
  const executions = await listExecutions(states)
  if (id === 'latest' && executions[0]) return executions[0].executionArn!
  const exact = executions.filter(({ name }) => name === id)
  const fitting = exact.length > 0 ? exact : executions.filter(({ name }) => name?.startsWith(id))
  if (fitting.length === 1) return fitting[0]!.executionArn!
  if (fitting.length === 0) throw new CliError(`There is no execution "${id}". "stepwell status" lists them all.`)
  throw new CliError(
    `${fitting.length} executions begin with "${id}": ${fitting.map(({ name }) => name).join(', ')}. Write more of the name.`,
  )
}

/** The name in an execution's ARN. */
export function executionName(executionArn: string): string {
  return executionArn.slice(executionArn.lastIndexOf(':') + 1)
}
