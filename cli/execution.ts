/** Starts or redrives an execution, follows it to its end and tells how it went. */
import { readFile } from 'node:fs/promises'
import {
  paginateListExecutions,
  RedriveExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import { CliError } from './errors.ts'
import { type Failure, failureOf } from './failure.ts'
import { follow } from './follow.ts'
import { seconds } from './format.ts'
import type { Output } from './output.ts'
import { Progress } from './progress.ts'
import type { ArchiveCounts, QuarterCounts } from './quarters.ts'
import type { StreamBalance } from './stream/run-stream.ts'
import { parse } from './timeline.ts'
import { executionName, type Workflow } from './workflows.ts'

/** What a run ended with; `counts` is the part of the execution's output by that name. */
export interface RunResult {
  workflow: string
  status: string
  executionArn: string
  seconds: number
  counts?: unknown
  output?: Record<string, unknown>
  failure?: Failure
  /** What the batch workflow has loaded so far. */
  quarters?: QuarterCounts[]
  /** What became of the archives that the source lists. */
  archives?: ArchiveCounts
  /** What became of the records that were sent beside a run of the stream workflow. */
  balance?: StreamBalance
}

export interface RunContext {
  states: SFNClient
  output: Output
  /** The address of the cloud. */
  endpoint: string
  /** What starts such an execution again, when it is more than `npx stepwell run` and the workflow. */
  again?: string
  signal?: AbortSignal
  /** Called with the execution's ARN as soon as there is one. */
  onStart?: (executionArn: string) => void
}

/**
 * Starts a workflow and stays with it to its end. Executions of it that still run, such as those that go on after a restart of the cloud, are let
 * finish first: two at once would do the same work twice, each in the other's way.
 */
export async function runWorkflow(context: RunContext, workflow: Workflow, input: object): Promise<RunResult> {
  const { stateMachineArn } = workflow
  for (const executionArn of await running(context.states, stateMachineArn)) {
    context.output.line(`${workflow.name} is running already; a new execution starts when it has ended.`)
    await watch(context, workflow.name, executionArn)
  }
  const { executionArn } = await context.states.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
  )
  context.onStart?.(executionArn!)
  return watch(context, workflow.name, executionArn!)
}

async function running(states: SFNClient, stateMachineArn: string): Promise<string[]> {
  const arns: string[] = []
  for await (const page of paginateListExecutions({ client: states }, { stateMachineArn, statusFilter: 'RUNNING' })) {
    for (const { executionArn } of page.executions ?? []) arns.push(executionArn!)
  }
  return arns
}

/** Runs a failed execution on from where it stopped. */
export async function redrive(context: RunContext, workflow: string, executionArn: string): Promise<RunResult> {
  const { redriveDate } = await context.states.send(new RedriveExecutionCommand({ executionArn }))
  return watch(context, workflow, executionArn, redriveDate)
}

async function watch(
  context: RunContext,
  workflow: string,
  executionArn: string,
  redriveDate?: Date,
): Promise<RunResult> {
  const { states, output, signal } = context
  const { colors } = output
  output.object({ type: 'execution', workflow, executionArn })
  output.line(`${colors.bold(workflow)} ${colors.dim(executionName(executionArn))}`)
  const progress = new Progress(output, workflow, redriveDate)
  try {
    const followed = await follow(states, executionArn, {
      onChange: (timeline, changed) => progress.update(timeline, changed),
      ...(signal && { signal }),
    })
    progress.end()
    const { status, startDate, stopDate, output: text } = followed.description
    // An execution that fails gives no output; what it has reported before stays true.
    const reported = followed.timeline.states.findLast(
      ({ name, status }) => name === 'Report' && status === 'succeeded',
    )
    const value = (parse(text) ?? reported?.result) as Record<string, unknown> | undefined
    const result: RunResult = {
      workflow,
      status: status!,
      executionArn,
      seconds: (Number(stopDate ?? Date.now()) - Number(redriveDate ?? startDate)) / 1000,
      ...(value?.counts !== undefined && { counts: value.counts }),
      ...(value && { output: value }),
    }
    if (status === 'SUCCEEDED')
      output.line(`${colors.green('✓')} ${workflow} succeeded in ${seconds(result.seconds * 1000)}`)
    else {
      result.failure = failureOf(workflow, context, followed)
      tellFailure(output, workflow, status!, result.failure)
    }
    return result
  } finally {
    progress.end()
  }
}

function tellFailure(output: Output, workflow: string, status: string, failure: Failure): void {
  const { colors } = output
  output.object({ type: 'failure', workflow, status, ...failure })
  output.line(`${colors.red('✗')} ${colors.bold(workflow)} ${status.toLowerCase().replace('_', ' ')}`)
  output.line(`  state  ${failure.state}`)
  output.line(`  error  ${colors.red(failure.error)}`)
  output.line(`  cause  ${failure.cause.trimEnd().replaceAll('\n', '\n         ')}`)
  output.line(`  log    ${failure.log}`)
  output.line(`  next   ${failure.next}`)
}

/** An execution's input: a file of JSON, or `-` for standard input. @throws CliError when it is not an object */
export async function readInput(file: string | undefined): Promise<object> {
  if (file === undefined) return {}
  let text: string
  try {
    text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8')
  } catch (error) {
    throw new CliError(`The input ${file} cannot be read: ${(error as Error).message}`)
  }
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(`The input ${file} must hold one JSON object, such as {"quarters": ["1999Q1"]}.`)
  }
  return value
}
