/** `stepwell logs ID [STATE]`: what the functions and Hive steps of an execution logged. */
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { CliError } from '../errors.ts'
import { readTimeline } from '../follow.ts'
import { functionLog, type LogLine } from '../logs/function-log.ts'
import { stepLog, stepOf } from '../logs/step-log.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import type { StateRun } from '../timeline.ts'
import { executionName, findExecution } from '../workflows.ts'

export function logs(command: Command): Command {
  return addJson(addEndpoint(command))
    .argument('<id>', 'name, beginning of a name, or ARN of an execution; "latest" for the last one')
    .argument('[state]', 'only this state')
    .action(run)
}

async function run(
  id: string,
  state: string | undefined,
  options: { endpoint: string; json?: boolean },
): Promise<void> {
  const output = new Output(options)
  const clients = await connectToRunning(options.endpoint)
  try {
    const executionArn = await findExecution(clients.states, id)
    const { states } = await readTimeline(clients.states, executionArn)
    const visits = states.filter((visit) => visit.functionName && (state === undefined || visit.name === state))
    if (visits.length === 0) {
      const names =
        [...new Set(states.filter((visit) => visit.functionName).map((visit) => visit.name))].join(', ') || 'none'
      throw new CliError(
        `${executionName(executionArn)} has run no function${state === undefined ? '' : ` in a state "${state}"`}. States with logs: ${names}.`,
      )
    }
    for (const [name, runs] of Map.groupBy(visits, (visit) => visit.name)) {
      output.line(output.colors.bold(name))
      const lines = await functionLog(clients, runs)
      if (lines.length === 0) output.line('  (no log lines)')
      for (const line of lines) tellLine(output, name, line)
      for (const visit of runs) await tellStep(output, clients, visit)
    }
  } finally {
    clients.close()
  }
}

function tellLine(output: Output, state: string, { time, level, message, details }: LogLine): void {
  const { colors } = output
  output.object({ type: 'log', state, time, level, message, ...details })
  const color = level === 'ERROR' ? colors.red : level === 'WARN' ? colors.yellow : (text: string) => text
  const rest = Object.entries(details).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  output.line(
    `  ${colors.dim(time.toISOString().slice(11, 23))} ${color(level.padEnd(5))} ${message} ${colors.dim(rest.join(' '))}`.trimEnd(),
  )
}

async function tellStep(output: Output, clients: Parameters<typeof stepLog>[0], visit: StateRun): Promise<void> {
  const step = stepOf(visit)
  if (!step) return
  for (const { uri, text } of await stepLog(clients, step)) {
    output.object({ type: 'step-log', state: visit.name, uri, text })
    output.line(`  ${output.colors.dim(uri)}`)
    for (const line of text.trimEnd().split('\n')) output.line(`    ${line}`)
  }
}
