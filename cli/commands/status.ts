/** `stepwell status`: what is deployed and what ran. */
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { seconds, table } from '../format.ts'
import { consoleUrl } from '../links.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'
import { listExecutions, listWorkflows } from '../workflows.ts'

export function status(command: Command): Command {
  return addJson(addEndpoint(command)).action(run)
}

async function run(options: { endpoint: string; json?: boolean }): Promise<void> {
  const output = new Output(options)
  const { endpoint, states, close } = await connectToRunning(options.endpoint)
  try {
    const [workflows, executions] = await Promise.all([listWorkflows(states), listExecutions(states)])
    for (const workflow of workflows) output.object({ type: 'workflow', ...workflow })
    output.line(`The local cloud is up at ${endpoint}, its console at ${consoleUrl(endpoint)}`)
    output.line(`Workflows: ${workflows.map(({ name }) => name).join(', ') || 'none'}`)
    const rows = executions.map(({ executionArn, name, workflow, status, startDate, stopDate }) => {
      const milliseconds = Number(stopDate ?? Date.now()) - Number(startDate)
      output.object({
        type: 'execution',
        workflow,
        executionArn,
        name,
        status,
        startDate,
        stopDate,
        seconds: milliseconds / 1000,
      })
      return [workflow, status!, startDate!.toISOString().slice(0, 19).replace('T', ' '), seconds(milliseconds), name!]
    })
    if (rows.length === 0) output.line('Nothing has run yet: npx stepwell run batch')
    else for (const line of table(rows)) output.line(`  ${line}`)
  } finally {
    close()
  }
}
