/** `stepwell history ID`: the events of an execution, as AWS records them. */
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { readTimeline } from '../follow.ts'
import { table } from '../format.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { detailsOf, unwrap } from '../timeline.ts'
import { executionName, findExecution } from '../workflows.ts'

export function history(command: Command): Command {
  return addJson(addEndpoint(command))
    .argument('<id>', 'name, beginning of a name, or ARN of an execution; "latest" for the last one')
    .action(run)
}

async function run(id: string, options: { endpoint: string; json?: boolean }): Promise<void> {
  const output = new Output(options)
  const { states, close } = await connectToRunning(options.endpoint)
  try {
    const executionArn = await findExecution(states, id)
    const timeline = await readTimeline(states, executionArn)
    output.line(executionName(executionArn))
    const began = Number(timeline.events[0]?.timestamp ?? 0)
    const rows = timeline.events.map((event) => {
      output.object({ ...event, type: event.type! })
      const { error, cause } = detailsOf(event)
      const what = error === undefined ? '' : `${error}: ${unwrap(cause ?? '').split('\n')[0]}`
      const after = `${((Number(event.timestamp) - began) / 1000).toFixed(3)} s`
      return [String(event.id).padStart(5), after.padStart(11), event.type!, timeline.visitOf(event)?.name ?? '', what]
    })
    for (const line of table(rows)) output.line(line)
  } finally {
    close()
  }
}
