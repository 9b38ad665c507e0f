/** `stepwell redrive ID`: an execution that was aborted, timed out or failed uncaught runs on from where it stopped. */
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { CliError, ExecutionFailed } from '../errors.ts'
import { redrive as redriveExecution } from '../execution.ts'
import { onInterrupt } from '../interrupt.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { summaryOf, tellSummary } from '../summary.ts'
import { executionName, findExecution, workflowName } from '../workflows.ts'

export function redrive(command: Command): Command {
  return addJson(addEndpoint(command))
    .argument('<id>', 'name, beginning of a name, or ARN of an execution; "latest" for the last one')
    .action(run)
}

async function run(id: string, options: { endpoint: string; json?: boolean }): Promise<void> {
  const output = new Output(options)
  using interrupt = onInterrupt()
  const { endpoint, states, close } = await connectToRunning(options.endpoint)
  try {
    const executionArn = await findExecution(states, id)
    const workflow = workflowName(executionArn.split(':').at(-2)!)
    const result = await redriveExecution(
      { states, output, endpoint, signal: interrupt.signal },
      workflow,
      executionArn,
    )
    tellSummary(output, summaryOf(endpoint, {}, [result]))
    if (result.status !== 'SUCCEEDED') throw new ExecutionFailed(result.status)
  } catch (error) {
    if ((error as Error).name === 'ExecutionNotRedrivable') {
      throw new CliError(
        `${executionName(id)} cannot be redriven: ${(error as Error).message} A new execution skips finished work.`,
      )
    }
    if (!interrupt.signal.aborted || error instanceof ExecutionFailed) throw error
    process.exitCode = interrupt.exitCode
  } finally {
    close()
  }
}
