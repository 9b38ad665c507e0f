/** The report of the stream workflow: written at the end of an execution, and anew whenever somebody wants to see where the records are now. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import {
  DescribeExecutionCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  type SFNClient,
} from '@aws-sdk/client-sfn'
import { CliError } from '../errors.ts'
import { parse } from '../timeline.ts'
import { listWorkflows } from '../workflows.ts'

interface WithReport {
  report?: { html?: unknown }
}

/** The newest execution that has succeeded, with the address of its report (s3://…); undefined where there is none. */
export async function latestReport(states: SFNClient): Promise<{ executionArn: string; html: string } | undefined> {
  const stateMachineArn = (await listWorkflows(states)).find(({ name }) => name === 'stream')?.stateMachineArn
  if (stateMachineArn === undefined) return undefined
  for await (const page of paginateListExecutions({ client: states }, { stateMachineArn, statusFilter: 'SUCCEEDED' })) {
    for (const { executionArn } of page.executions ?? []) {
      const { output } = await states.send(new DescribeExecutionCommand({ executionArn }))
      const html = (parse(output) as WithReport | undefined)?.report?.html
      if (executionArn && typeof html === 'string') return { executionArn, html }
    }
  }
  return undefined
}

/**
 * Has the report of an execution written anew, by calling the function of its state Report as the execution did.
 * @throws CliError when the execution has written none, or the function fails
 */
export async function rewriteReport(states: SFNClient, lambda: LambdaClient, executionArn: string): Promise<unknown> {
  const call = await reportCall(states, executionArn)
  if (!call) throw new CliError(`The execution ${executionArn} has written no report: npx stepwell run stream.`)
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: call.FunctionName, Payload: Buffer.from(JSON.stringify(call.Payload)) }),
  )
  const answer = parse(Buffer.from(Payload ?? []).toString())
  if (FunctionError) {
    const { errorMessage = 'it gave no reason.' } = (answer ?? {}) as { errorMessage?: string }
    throw new CliError(`The report could not be written: ${errorMessage}`)
  }
  return answer
}

interface Call {
  FunctionName: string
  Payload: unknown
}

/** What the state Report called, and with what. */
async function reportCall(states: SFNClient, executionArn: string): Promise<Call | undefined> {
  let call: Call | undefined
  const pages = paginateGetExecutionHistory({ client: states }, { executionArn, reverseOrder: true })
  for await (const { events = [] } of pages) {
    for (const { taskScheduledEventDetails: scheduled, stateEnteredEventDetails: entered } of events) {
      if (scheduled?.parameters) call = parse(scheduled.parameters) as Call
      // Backwards: what was scheduled last before this is what the state scheduled.
      if (entered?.name === 'Report') return call
    }
  }
  return undefined
}
