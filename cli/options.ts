/** Options that several commands share, and how their texts become values. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_ENDPOINT } from './endpoint.ts'
import { SAMPLE_DEFAULTS } from './sample-options.ts'

export function addJson(command: Command): Command {
  return command.option('--json', 'print one JSON object a line')
}

export function addDataDir(command: Command): Command {
  return command.addOption(
    new Option('--data-dir <folder>', 'where the local cloud keeps everything')
      .env('STEPWELL_DATA_DIR')
      .default('.stepwell'),
  )
}

/** For commands that speak to a cloud that is up. */
export function addEndpoint(command: Command): Command {
  return command.addOption(
    new Option('--endpoint <url>', 'the address of the local cloud').env('AWS_ENDPOINT_URL').default(DEFAULT_ENDPOINT),
  )
}

/** For commands that can speak to AWS as well. */
export function addAws(command: Command): Command {
  return command.option('--aws', 'speak to AWS, with the region and the credentials of your environment or profile')
}

/** For commands that bring the cloud up. */
export function addCloud(command: Command): Command {
  return addDataDir(command)
    .option('--port <number>', 'where AWS is served on 127.0.0.1 (0: any free port)', port, 4566)
    .option('--source-port <number>', 'where the source site is served (0: any free port)', port, 0)
    .option('--no-iam', 'let every role do everything')
    .option('--fast', 'let waits, time-outs and back-off of state machines take no time')
}

export function addSamples(command: Command): Command {
  return command
    .option(
      '--quarters <list>',
      'quarters of origination, with commas; with its layout where that differs, as 1999Q2:legacy32',
      SAMPLE_DEFAULTS.quarters,
    )
    .option('--layout <name>', 'r47, legacy32 or release2018', SAMPLE_DEFAULTS.layout)
    .option('--loans <number>', 'loans a quarter', whole, SAMPLE_DEFAULTS.loans)
    .option('--rows <number>', 'about so many performance rows in all, instead of --loans', whole)
    .option('--seed <number>', 'another seed makes other loans', whole, SAMPLE_DEFAULTS.seed)
    .option('--dirty <share>', 'the share of dirty lines, 0 to 1', share, SAMPLE_DEFAULTS.dirty)
    .option('--through <month>', 'the last reporting month, as 2000-12 (default: two years)')
}

export function port(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return value
}

export function whole(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!/^\d[\d_]*$/.test(text) || !Number.isSafeInteger(value)) throw new InvalidArgumentError('It is a whole number.')
  return value
}

export function share(text: string): number {
  const value = Number(text)
  if (!/^(0|1|0?\.\d+|1\.0+)$/.test(text)) throw new InvalidArgumentError('It is a number from 0 to 1.')
  return value
}
