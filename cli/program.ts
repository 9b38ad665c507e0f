/** All commands, one file each. */
import { Command } from 'commander'
import { env } from './commands/env.ts'
import { generate } from './commands/generate.ts'
import { history } from './commands/history.ts'
import { logs } from './commands/logs.ts'
import { redrive } from './commands/redrive.ts'
import { reset } from './commands/reset.ts'
import { run } from './commands/run.ts'
import { start } from './commands/start.ts'
import { status } from './commands/status.ts'
import { up } from './commands/up.ts'

export function program(): Command {
  const stepwell = new Command('stepwell')
    .description('Data pipelines as AWS Step Functions workflows, on this machine as in AWS.')
    .showHelpAfterError('(stepwell --help lists the commands)')
  const commands = { start, up, run, status, history, logs, redrive, reset, generate, env }
  for (const [name, define] of Object.entries(commands)) define(stepwell.command(name))
  return stepwell
}
