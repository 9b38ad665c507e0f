/** All commands, one file each. Only the one that was typed is loaded: most need neither the local cloud nor CDK. */
import { Command } from 'commander'

const COMMANDS = {
  start: {
    description: 'bring the local cloud up, make sample data, run the workflows and sum up',
    load: async () => (await import('./commands/start.ts')).start,
  },
  up: {
    description: 'bring the local cloud up and keep it up',
    load: async () => (await import('./commands/up.ts')).up,
  },
  run: {
    description: 'run a workflow in the local cloud that is up',
    load: async () => (await import('./commands/run.ts')).run,
  },
  status: {
    description: 'show the workflows and their executions',
    load: async () => (await import('./commands/status.ts')).status,
  },
  history: {
    description: 'show the events of an execution',
    load: async () => (await import('./commands/history.ts')).history,
  },
  logs: {
    description: 'show what the states of an execution logged',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  redrive: {
    description: 'run an execution on from where it stopped',
    load: async () => (await import('./commands/redrive.ts')).redrive,
  },
  reset: {
    description: 'remove everything that the local cloud keeps: objects, tables, executions, sample data',
    load: async () => (await import('./commands/reset.ts')).reset,
  },
  generate: {
    description: 'make sample archives',
    load: async () => (await import('./commands/generate.ts')).generate,
  },
  produce: {
    description: 'send users to the stream',
    load: async () => (await import('./commands/produce.ts')).produceCommand,
  },
  stream: {
    description: 'show how the stream is and what has flowed through it',
    load: async () => (await import('./commands/stream.ts')).stream,
  },
  cost: {
    description: 'say what a batch run of some size costs in AWS, and the stack while it idles',
    load: async () => (await import('./commands/cost.ts')).cost,
  },
  env: {
    description: 'print exports for the aws CLI: eval "$(npx stepwell env)"',
    load: async () => (await import('./commands/env.ts')).env,
  },
}

/** The command line for these words, which may name a command. */
export async function program(words: readonly string[]): Promise<Command> {
  const stepwell = new Command('stepwell')
    .description('Data pipelines as AWS Step Functions workflows, on this machine as in AWS.')
    .showHelpAfterError('(stepwell --help lists the commands)')
  const asked = words.filter((word) => !word.startsWith('-')).slice(0, 2)
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const command = stepwell.command(name).description(description)
    // The second word is one too after `help`.
    if (asked[0] === name || (asked[0] === 'help' && asked[1] === name)) (await load())(command)
  }
  return stepwell
}
