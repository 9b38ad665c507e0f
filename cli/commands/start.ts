/** `stepwell start`: everything. Synthesizes, boots, makes sample data, runs the workflows, sums up. */
import { type Command, InvalidArgumentError } from 'commander'
import type { Clients } from '../clients.ts'
import { bringUp, type EnvironmentOptions, places } from '../environment.ts'
import { ExecutionFailed } from '../errors.ts'
import { type RunResult, runWorkflow } from '../execution.ts'
import { ensureSampleImages } from '../images.ts'
import { onInterrupt } from '../interrupt.ts'
import { addCloud, addJson, addSamples } from '../options.ts'
import { Output } from '../output.ts'
import { PLAN, type PlannedRun } from '../plan.ts'
import { addReport } from '../quarters.ts'
import type { SampleOptions } from '../sample-options.ts'
import { archiveFolder, ensureSamples } from '../samples.ts'
import { tellStrayFiles } from '../stray-files.ts'
import { summaryOf, tellSummary } from '../summary.ts'
import { listWorkflows } from '../workflows.ts'

type Options = EnvironmentOptions & SampleOptions & { json?: boolean; once?: boolean; only?: string[] }

export function start(command: Command): Command {
  return addJson(addSamples(addCloud(command)))
    .option('--once', 'exit when the workflows have ended, also on a terminal')
    .option(
      '--only <workflows>',
      `run only these, with commas: ${PLAN.map(({ workflow }) => workflow).join(',')}`,
      planned,
    )
    .action(run)
}

async function run(options: Options): Promise<void> {
  const output = new Output(options)
  using interrupt = onInterrupt()
  const environment = await bringUp(options, output)
  try {
    const wanted = PLAN.filter(({ workflow }) => options.only?.includes(workflow) ?? true)
    const isWanted = (name: string) => wanted.some(({ workflow }) => workflow === name)
    if (isWanted('batch')) {
      await ensureSamples(options, archiveFolder(options.dataDir), output)
      await tellStrayFiles(archiveFolder(options.dataDir), output)
    }
    if (isWanted('model')) await ensureSampleImages(options.dataDir, environment.clients.s3, output)
    const results = await runAll(wanted, environment.clients, output, interrupt.signal)
    for (const result of results) await addReport(result, environment.clients.s3, archiveFolder(options.dataDir))
    tellSummary(output, summaryOf(environment.cloud.url, places(environment), results))
    const failed = results.some(
      ({ status, balance, quarters }) =>
        status !== 'SUCCEEDED' || balance?.balanced === false || quarters?.some(({ truth }) => truth === false),
    )
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

/** @throws InvalidArgumentError naming the workflow that there is not */
function planned(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !PLAN.some(({ workflow }) => workflow === name))
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no workflow "${unknown}" to start.`)
  return names
}

async function runAll(
  plan: readonly PlannedRun[],
  { states, endpoint }: Clients,
  output: Output,
  signal: AbortSignal,
): Promise<RunResult[]> {
  const deployed = await listWorkflows(states)
  const results: RunResult[] = []
  const context = { states, output, endpoint, signal }
  for (const { workflow: name, input, run } of plan) {
    signal.throwIfAborted()
    const workflow = deployed.find((workflow) => workflow.name === name)
    if (!workflow) continue
    results.push(await (run ? run(context, endpoint, workflow) : runWorkflow(context, workflow, await input(output))))
  }
  return results
}
