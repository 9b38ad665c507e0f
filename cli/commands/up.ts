/** `stepwell up`: the local cloud and the source site, until they are stopped. */
import type { Command } from 'commander'
import { DEFAULT_ENDPOINT } from '../endpoint.ts'
import { bringUp, type EnvironmentOptions, places } from '../environment.ts'
import { table, words } from '../format.ts'
import { onInterrupt } from '../interrupt.ts'
import { consoleUrl } from '../links.ts'
import { addCloud, addJson } from '../options.ts'
import { Output } from '../output.ts'

export function up(command: Command): Command {
  return addJson(addCloud(command)).action(run)
}

async function run(options: EnvironmentOptions & { json?: boolean }): Promise<void> {
  const output = new Output(options)
  using interrupt = onInterrupt()
  const environment = await bringUp(options, output)
  const { cloud, close } = environment
  try {
    const shown = { console: consoleUrl(cloud.url), ...places(environment) }
    for (const line of table(Object.entries(shown).map(([name, url]) => [words(name), url]))) output.line(`  ${line}`)
    const where = cloud.url === DEFAULT_ENDPOINT ? '' : `export AWS_ENDPOINT_URL=${cloud.url}; `
    output.line(`Ctrl-C stops it. In another terminal: ${where}npx stepwell generate && npx stepwell run batch`)
    await interrupt.asked
  } finally {
    await close()
  }
}
