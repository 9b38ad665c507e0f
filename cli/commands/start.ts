/** `stepwell start`: everything. Synthesizes, boots, makes sample data, runs the workflows, sums up. */
import type { Command } from 'commander'
import { bringUp, type EnvironmentOptions } from '../environment.ts'
import { ExecutionFailed } from '../errors.ts'
import { type RunResult, runWorkflow } from '../execution.ts'
import { onInterrupt } from '../interrupt.ts'
import { addCloud, addJson, addSamples } from '../options.ts'
import { Output } from '../output.ts'
import { PLAN } from '../plan.ts'
import type { SampleOptions } from '../sample-options.ts'
import { archiveFolder, ensureSamples } from '../samples.ts'
import { summaryOf, tellSummary } from '../summary.ts'
import { listWorkflows } from '../workflows.ts'

type Options = EnvironmentOptions & SampleOptions & { json?: boolean; once?: boolean }

export function start(command: Command): Command {
  return addJson(addSamples(addCloud(command)))
    .option('--once', 'exit when the workflows have ended, also on a terminal')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const output = new Output(options)
  using interrupt = onInterrupt()
  const environment = await bringUp(options, output)
  try {
    await ensureSamples(options, archiveFolder(options.dataDir), output)
    const results = await runAll(environment.clients.states, output, interrupt.signal)
    tellSummary(output, summaryOf(environment.cloud.url, environment.site.url, results))
    const failed = results.some(({ status }) => status !== 'SUCCEEDED')
    if (output.interactive && !options.once) {
      output.line()
      output.line(
        'The local cloud stays up. Ctrl-C stops it; "npx stepwell env" shows how to reach it with the aws CLI.',
      )
      await interrupt.asked
    }
    if (failed) throw new ExecutionFailed('a workflow failed')
  } catch (error) {
    if (!interrupt.signal.aborted || error instanceof ExecutionFailed) throw error
    output.line('Stopped. What was finished is kept: the next run goes on from there.')
    process.exitCode = interrupt.exitCode
  } finally {
    await environment.close()
  }
}

async function runAll(
  states: Parameters<typeof listWorkflows>[0],
  output: Output,
  signal: AbortSignal,
): Promise<RunResult[]> {
  const deployed = await listWorkflows(states)
  const results: RunResult[] = []
  for (const { workflow: name, input } of PLAN) {
    signal.throwIfAborted()
    const workflow = deployed.find((workflow) => workflow.name === name)
    if (workflow) results.push(await runWorkflow({ states, output, signal }, workflow, await input(output)))
  }
  return results
}
