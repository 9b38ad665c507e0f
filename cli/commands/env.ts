/** `stepwell env`: what the aws CLI and SDKs need to reach the local cloud, for `eval "$(npx stepwell env)"`. */
import type { Command } from 'commander'
import { OPERATOR, REGION } from '../endpoint.ts'
import { addEndpoint, addJson } from '../options.ts'
import { Output } from '../output.ts'

export function env(command: Command): Command {
  return addJson(addEndpoint(command)).action(run)
}

function run(options: { endpoint: string; json?: boolean }): void {
  const output = new Output(options)
  const variables = {
    AWS_ENDPOINT_URL: options.endpoint,
    AWS_ACCESS_KEY_ID: OPERATOR.accessKeyId,
    AWS_SECRET_ACCESS_KEY: OPERATOR.secretAccessKey,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
  }
  output.object({ type: 'environment', variables })
  if (!output.json)
    output.raw(
      Object.entries(variables)
        .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'`)
        .join('\n'),
    )
}
